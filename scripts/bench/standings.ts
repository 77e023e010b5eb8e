import type { Filter } from 'mongodb';
import type { SmsDocument } from '../harness/smsPlatform.ts';
import { comesTrue } from './clock.ts';
import type { Lab } from './lab.ts';
import type { Place } from './places.ts';
import { whole } from './text.ts';

/** How many notifications stand how, such as `delivered` or `failed, expired`. */
type Standings = Readonly<Record<string, number>>;

export interface Stood {
  readonly standings: Standings;
  readonly afterSeconds: number;
}

interface Expected {
  readonly which: Filter<SmsDocument>;
  readonly count: number;
  readonly as: string;
  readonly limitMs: number;
}

/** By their records, as soon as all of them stand like this, or at the limit. */
export async function standWhen(
  { signal }: Pick<Lab, 'signal'>,
  { sms }: Place,
  { which, count, as, limitMs }: Expected,
): Promise<Stood> {
  const beganAtMs = performance.now();
  let standings: Standings = {};
  const allDo = async (): Promise<boolean> => {
    standings = await standingsIn(sms, which);
    return (standings[as] ?? 0) >= count;
  };
  await comesTrue(allDo, { limitMs, everyMs: 500, signal });
  return { standings, afterSeconds: (performance.now() - beganAtMs) / 1_000 };
}

async function standingsIn(sms: Place['sms'], which: Filter<SmsDocument>): Promise<Standings> {
  const state = { $ifNull: ['$notify_on_delivery.state', 'unrecorded'] };
  const reason = { $ifNull: ['$notify_on_delivery.reason', ''] };
  type Group = Readonly<{ _id: Readonly<Record<'state' | 'reason', string>>; count: number }>;
  const groups = await sms
    .aggregate<Group>([
      { $match: { ...which, deliveryStatus: { $exists: true } } },
      { $group: { _id: { state, reason }, count: { $sum: 1 } } },
    ])
    .toArray();
  return Object.fromEntries(
    groups.map(({ _id, count }) => [
      _id.reason === '' ? _id.state : `${_id.state}, ${_id.reason}`,
      count,
    ]),
  );
}

export function standingsToText(standings: Standings): string {
  const counts = Object.entries(standings).map(([name, count]) => `${whole(count)} ${name}`);
  return counts.length === 0 ? 'none' : counts.join('; ');
}
