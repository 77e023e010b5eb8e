import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../config/packageRoot.ts';

export function readProjectFile(path: string): string {
  return readFileSync(join(packageRoot(), path), 'utf8');
}

export function readYaml(path: string): unknown {
  return parse(readProjectFile(path)) as unknown;
}

/** The values of each setting of a systemd unit, in order. */
export function readUnit(path: string): ReadonlyMap<string, readonly string[]> {
  return valuesByName(readProjectFile(path).matchAll(/^(\w+)=(.*)$/gm));
}

/** What follows each instruction of the last stage of the Dockerfile, in order. */
export function readImage(): ReadonlyMap<string, readonly string[]> {
  const lastStage =
    readProjectFile('Dockerfile')
      .split(/^(?=FROM )/m)
      .at(-1) ?? '';
  return valuesByName(lastStage.replaceAll('\\\n', '').matchAll(/^([A-Z]+) +(.*)$/gm));
}

function valuesByName(lines: Iterable<RegExpExecArray>): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const [, name = '', value = ''] of lines) {
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}

interface Command {
  /** Begins with `node`. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What `npm start`, or another script of the package, executes. */
export function readStartCommand(script: 'start' | 'console' = 'start'): Command {
  const { scripts } = JSON.parse(readProjectFile('package.json')) as {
    scripts: Readonly<Record<typeof script, string>>;
  };
  const [settings = '', command = ''] = ` ${scripts[script]}`.split(' exec ');
  return { words: command.split(' '), env: toEnv(settings.trim().split(' ').filter(Boolean)) };
}

/** Of lines like `NAME=value`. */
export function toEnv(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

interface Service {
  readonly build: unknown;
  readonly image?: string;
  readonly ports: readonly [string];
  readonly environment: Readonly<Record<string, string>>;
  readonly stop_grace_period: string;
  readonly entrypoint?: unknown;
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on: Readonly<Record<string, unknown>>;
}

/** The services in a file for Docker Compose, by name. */
export function readCompose(path: string): Readonly<Record<string, Service>> {
  const text = readProjectFile(path);
  return (parse(text, { merge: true }) as { services: Readonly<Record<string, Service>> }).services;
}

export function readComposeWorker(): Service {
  const { worker } = readCompose('compose.yaml');
  if (worker === undefined) throw new Error('compose.yaml has no worker');
  return worker;
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly Readonly<{
    command?: unknown;
    args?: unknown;
    env: readonly Readonly<{ name: string; value: string }>[];
    ports: readonly Readonly<{ containerPort: number }>[];
  }>[];
}

export function readPod(path = 'deploy/kubernetes/base/deployment.yaml'): PodSpec {
  const deployment = readYaml(path) as { spec: { template: { spec: PodSpec } } };
  return deployment.spec.template.spec;
}

/** The settings that a kustomization puts into the config map. */
export function readConfigMap(folder: string): Record<string, string> {
  const { configMapGenerator } = readYaml(`deploy/kubernetes/${folder}/kustomization.yaml`) as {
    configMapGenerator: readonly [{ literals: readonly string[] }];
  };
  return toEnv(configMapGenerator[0].literals);
}

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<{ severity: string }>;
  readonly annotations: Readonly<
    Record<'summary' | 'description' | 'runbook' | 'runbook_url', string>
  >;
}

export function readAlertRules(): readonly AlertRule[] {
  const { groups } = readYaml('deploy/prometheus/alerts.yml') as {
    groups: readonly { rules: readonly AlertRule[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

interface DashboardQuery {
  readonly panel: string;
  readonly expr: string;
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

export function readDashboardQueries(): readonly DashboardQuery[] {
  const text = readProjectFile('deploy/grafana/notify-on-delivery.json');
  const { panels } = JSON.parse(text) as Dashboard;
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ panel: title, expr })),
  );
}
