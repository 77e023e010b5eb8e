import { parseWebhookHeaders } from '../domain/webhookHeaders.ts';
import { Refused } from './command.ts';

/** Lines `Name: value` as a webhook keeps them; null for the one word `none`. Throws `Refused`. */
export function headersFrom(lines: readonly string[]): Readonly<Record<string, string>> | null {
  if (lines.length === 1 && lines[0] === 'none') return null;
  const entries = lines.map((line, index) => {
    const at = line.indexOf(':');
    // By its place: the line may be a secret.
    if (at < 1) throw new Refused(`Header ${index + 1} is not of the form 'Name: value'.`);
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const;
  });
  const headers = Object.fromEntries(entries);
  const parsed = parseWebhookHeaders(headers);
  if (parsed.kind === 'unusable') throw new Refused(`Not possible: ${parsed.problem}.`);
  const unsent = Object.keys(headers).find(
    (name) => !Object.hasOwn(parsed.headers, name.toLowerCase()),
  );
  if (unsent !== undefined) {
    throw new Refused(`The header ${unsent} is the worker's own: a webhook can't set it.`);
  }
  return headers;
}
