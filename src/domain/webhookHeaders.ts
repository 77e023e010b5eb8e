import { setField } from './fields.ts';

export type WebhookHeaders =
  | Readonly<{ kind: 'usable'; headers: Readonly<Record<string, string>> }>
  | Readonly<{ kind: 'unusable'; problem: string }>;

/** Ours, or the transport's. A webhook that sets one of these is called without it. */
const reserved = new Set([
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'webhook-attempt',
  'host',
  'content-length',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
]);

/** Ours too, but these may be replaced, by what still says the same: the body is JSON, and there is a caller. */
const replaceable: ReadonlyMap<string, RegExp> = new Map([
  [
    'content-type',
    /^application\/json(?:[ \t]*;[ \t]*[\w!#$%&'*+.^`|~-]+=(?:[^"\s;,]+|"[^"]*"))*$/i,
  ],
  ['user-agent', /\S/],
]);

/** RFC 9110, section 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

/** What Node writes into a header: it throws for anything else, and only once the call is being made. */
const sendable = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

/**
 * Reads the headers a webhook sends along: JSON text or what a driver made of it. Of names that differ
 * only in case the last one counts.
 */
export function parseWebhookHeaders(column: unknown): WebhookHeaders {
  if (column === null || column === undefined) return { kind: 'usable', headers: {} };
  if (typeof column !== 'string') return fromJson(column);
  if (column.trim() === '') return { kind: 'usable', headers: {} };
  try {
    const json: unknown = JSON.parse(column);
    return json === null ? { kind: 'usable', headers: {} } : fromJson(json);
  } catch {
    return { kind: 'unusable', problem: 'its headers are not JSON' };
  }
}

function fromJson(json: unknown): WebhookHeaders {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return { kind: 'unusable', problem: 'its headers are not a JSON object' };
  }
  const headers: Record<string, string> = {};
  for (const [index, [name, value]] of Object.entries(json).entries()) {
    // By its place, since a whole `Authorization: ...` line in place of a name would be a secret.
    if (!token.test(name)) {
      return { kind: 'unusable', problem: `the name of its header ${index + 1} is not a token` };
    }
    const lowerName = name.toLowerCase();
    if (reserved.has(lowerName) || lowerName.startsWith('proxy-')) continue;
    const text = headerText(value);
    if (replaceable.get(lowerName)?.test(text ?? '') === false) continue;
    if (text === null) {
      const problem = `the value of its header ${index + 1} is not text, a number or a boolean, or has characters a header cannot carry`;
      return { kind: 'unusable', problem };
    }
    setField(headers, lowerName, text);
  }
  return { kind: 'usable', headers };
}

function headerText(value: unknown): string | null {
  if (typeof value === 'string') return sendable.test(value) ? value : null;
  if (typeof value === 'boolean') return String(value);
  // Beyond these the digits that were stored are already lost.
  return typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER
    ? String(value)
    : null;
}
