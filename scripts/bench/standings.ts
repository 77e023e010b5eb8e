import type { Filter } from 'mongodb';
import type { SmsDocument } from '../harness/smsPlatform.ts';
import { comesTrue } from './comesTrue.ts';
import { whole } from './figures.ts';
import type { Lab } from './lab.ts';
import type { Place } from './places.ts';

/** How many notifications stand how, such as `delivered` or `failed, expired`. */
export type Standings = Readonly<Record<string, number>>;

export interface Stood {
  readonly standings: Standings;
  readonly afterSeconds: number;
}

/** By their records, as soon as all of them stand like this, or at the limit. */
export async function standWhen(
  { signal }: Pick<Lab, 'signal'>,
  { sms }: Place,
  {
    which,
    count,
    as,
    limitMs,
  }: {
    readonly which: Filter<SmsDocument>;
    readonly count: number;
    readonly as: string;
    readonly limitMs: number;
  },
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
  const state = '$notify_on_delivery.state';
  const reason = '$notify_on_delivery.reason';
  const groups = await sms
    .aggregate<{ readonly _id: Readonly<Record<'state' | 'reason', string>>; count: number }>([
      { $match: { ...which, deliveryStatus: { $exists: true } } },
      {
        $group: {
          _id: { state: { $ifNull: [state, 'unrecorded'] }, reason: { $ifNull: [reason, ''] } },
          count: { $sum: 1 },
        },
      },
    ])
    .toArray();
  return Object.fromEntries(
    groups.map(({ _id, count }) => [standing(_id.state, _id.reason), count]),
  );
}

function standing(state: string, reason: string): string {
  return reason === '' ? state : `${state}, ${reason}`;
}

export function toText(standings: Standings): string {
  const counts = Object.entries(standings).map(([name, count]) => `${whole(count)} ${name}`);
  return counts.length === 0 ? 'none' : counts.join('; ');
}
