import type { Command } from 'commander';
import type { IntegerId } from '../../domain/integerId.ts';
import type { TimeZone } from '../../domain/timeZone.ts';
import type { Span } from './candidate.ts';

/** The span a command is given, and what of it names the job. Ends the command as misused for what can't be read. */
export function spanOf(
  command: Command,
  given: { readonly since: string; readonly until?: string; readonly account?: IntegerId },
  zone: TimeZone,
): Span & { readonly arguments: Readonly<Record<string, string>> } {
  const read = (option: 'since' | 'until', text: string): Date =>
    zone.parse(text) ??
    command.error(`error: option '--${option}' is not an ISO 8601 time, such as 2026-01-31T10:00`);
  const since = read('since', given.since);
  const until = given.until === undefined ? new Date() : read('until', given.until);
  if (since >= until) command.error("error: '--since' must be before '--until'");
  const account = given.account === undefined ? {} : { account: String(given.account) };
  return {
    since,
    until,
    accountId: given.account ?? null,
    arguments: { since: since.toISOString(), ...account },
  };
}
