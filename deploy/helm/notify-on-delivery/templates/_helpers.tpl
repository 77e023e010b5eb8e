{{- define "image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "secretFile" -}}
- name: {{ .name }}
  value: /run/secrets/notify-on-delivery/{{ .key }}
{{- end }}

{{- define "addresses" -}}
{{- range . }}
- ipBlock:
    cidr: {{ . }}
{{- end }}
{{- end }}

{{- define "ports" -}}
{{- range . }}
- port: {{ . }}
{{- end }}
{{- end }}

{{- define "databaseEgress" -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
    # NodeLocal DNSCache
    - ipBlock:
        cidr: 169.254.20.10/32
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
# The databases.
- to: {{- include "addresses" .Values.networkPolicy.databases | nindent 4 }}
  ports: {{- include "ports" .Values.networkPolicy.databasePorts | nindent 4 }}
{{- end }}

{{/* The worker's, and the console's, which asks the same databases and makes test calls to the same webhooks. */}}
{{- define "egress" -}}
{{ include "databaseEgress" . }}
# Webhooks, at any port of a public address. This repeats the worker's own restrictions.
- to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except:
          - 0.0.0.0/8
          - 10.0.0.0/8
          - 100.64.0.0/10
          - 127.0.0.0/8
          - 168.63.129.16/32
          - 169.254.0.0/16
          - 172.16.0.0/12
          - 192.0.0.0/24
          - 192.168.0.0/16
          - 198.18.0.0/15
          - 224.0.0.0/3
    - ipBlock:
        cidr: 2000::/3
{{- end }}
