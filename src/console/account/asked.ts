import type { IntegerId } from '../../domain/ids.ts';
import type { TimeZone } from '../../domain/sms.ts';
import { Refused } from '../../support/session.ts';
import type { CentralAccess } from '../../support/setup.ts';
import type { Request } from '../context.ts';
import { idInPath, type Fields } from '../form.ts';

export function accountIn(request: Request): IntegerId {
  return idInPath(request, 'accountId', 'The account');
}

export function webhookIn(request: Request): IntegerId {
  return idInPath(request, 'webhookId', 'The webhook');
}

/** Throws `Refused` where the three steps can't be changed. */
export function centralOf(request: Request): CentralAccess {
  const { central } = request.get('context');
  if (central !== null) return central;
  throw new Refused(
    'Nothing can be changed because MYSQL_ADMIN_URI is not set: set it, or use the programs that own the central database.',
  );
}

/** Null when it is empty. Throws `Refused`. */
export function timeOf(
  fields: Fields,
  { name, label }: Readonly<{ name: string; label: string }>,
  zone: TimeZone,
): Date | null {
  const text = fields.text(name);
  if (text === '') return null;
  const time = zone.parse(text);
  if (time !== null) return time;
  throw new Refused(`${label} is not an ISO 8601 time, such as 2026-01-31T10:00.`);
}

/** As a browser's field for a time has it: in PAYLOAD_TIMEZONE, without the offset. */
export function typed(time: Date | null, zone: TimeZone): string {
  return time === null ? '' : zone.format(time).slice(0, 'YYYY-MM-DDTHH:MM'.length);
}

const MOST_PER_SECOND = 1_000;

/** Throws `Refused`. */
export function rateOf(fields: Fields): number {
  const text = fields.required('rate', 'The rate');
  const rate = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (rate >= 1 && rate <= MOST_PER_SECOND) return rate;
  throw new Refused(
    `The rate must be a whole number from 1 to ${MOST_PER_SECOND}, in notifications per second.`,
  );
}
