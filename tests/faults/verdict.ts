import { until } from '../support/until.ts';
import type { Call } from './callLog.ts';
import type { FaultResult } from './fault.ts';
import type { Stage } from './stage.ts';

export interface Expectation {
  /** Accounts whose endpoint may end a notification without a delivery; none by default. */
  readonly mayRefuse?: readonly number[];
}

/**
 * A frozen worker that comes back may write the end of a call that its successor has already decided to
 * make again: so long may a call wait between the decision and its beginning.
 */
const LATE_END_MS = 10_000;

/** A field that marks documents which refuse the record. */
export const unrecordable = 'unrecordable';

type Owed = ReadonlyMap<string, number>;

/** Waits until everything owed is notified and recorded, or for too long, and compares. */
export async function judge(
  stage: Stage,
  owed: Owed,
  options: Readonly<{
    expectation: Expectation;
    atRisk: number;
    /** When workers were killed or frozen. */
    harmedAt: readonly number[];
    withinMs: number;
  }>,
): Promise<Omit<FaultResult, 'problems'>> {
  const { receiver, ledger } = stage;
  const { expectation, atRisk, harmedAt, withinMs } = options;
  const { mayRefuse = [] } = expectation;
  const mustDeliver = (account: number): boolean => !mayRefuse.includes(account);
  const findLost = (): string[] =>
    idsOf(owed, (id, account) =>
      mustDeliver(account) ? !receiver.deliveredAt.has(id) : !ledger.seenAt.has(id),
    );
  const beganAt = performance.now();
  const isOver = async (): Promise<boolean> => {
    if (findLost().length > 0) return false;
    await ledger.look();
    return (await findUnrecorded(stage, owed)).length === 0;
  };
  const recoveredMs = await until('everything is notified and recorded', isOver, {
    timeoutMs: withinMs,
    intervalMs: 500,
  }).then(
    () => Math.round(performance.now() - beganAt),
    () => null,
  );
  await ledger.look();
  const wasKnown = (id: string, calledAt: number): boolean => {
    const seenAt = ledger.seenAt.get(id) ?? Infinity;
    const harm = harmedAt.findLast((at) => at < calledAt);
    return seenAt < (harm === undefined ? calledAt : Math.max(harm, calledAt - LATE_END_MS));
  };
  const { forbidden, repeated } = findRepeats(receiver.calls, wasKnown);
  return {
    statuses: owed.size,
    delivered: idsOf(owed, (id) => receiver.deliveredAt.has(id)).length,
    lost: findLost(),
    unrecorded: recoveredMs === null ? await findUnrecorded(stage, owed) : [],
    forbidden,
    repeated,
    atRisk,
    together: receiver.meetings,
    recoveredMs,
  };
}

function idsOf(owed: Owed, isMeant: (id: string, account: number) => boolean): string[] {
  return [...owed].flatMap(([id, account]) => (isMeant(id, account) ? [id] : []));
}

/** Ids whose end the ledger or the SMS does not show, and those that still wait in durable state. */
async function findUnrecorded({ db, sms, ledger }: Stage, owed: Owed): Promise<readonly string[]> {
  const missing = idsOf(owed, (id) => !ledger.seenAt.has(id));
  const retries = db.collection('notify_on_delivery_retries');
  // A fault may leave some there that the driver refuses to read.
  const waiting = await retries.find({}, { projection: { _id: 1 } }).toArray();
  const unshown = await sms
    .find({
      deliveryStatus: { $exists: true },
      [unrecordable]: { $ne: true },
      $or: [
        { 'notify_on_delivery.state': { $nin: ['delivered', 'failed'] } },
        { $expr: { $ne: ['$notify_on_delivery.deliveryStatus', '$deliveryStatus'] } },
      ],
    })
    .toArray();
  return [
    ...missing.map((id) => `${id} is not in the ledger`),
    ...waiting.map(({ _id }) => `${String(_id)} waits in durable state`),
    ...unshown.map(({ _id }) => `${_id} does not show its newest status' end`),
  ];
}

/** Calls that began after a complete delivery of the same notification had ended. */
function findRepeats(
  calls: readonly Call[],
  wasKnown: (id: string, calledAt: number) => boolean,
): Pick<FaultResult, 'forbidden' | 'repeated'> {
  const forbidden: string[] = [];
  const repeated: string[] = [];
  const delivered = new Map<string, number>();
  for (const { notificationId, beganAt, endedAt, isDelivery } of calls) {
    const before = delivered.get(notificationId);
    if (before !== undefined && before < beganAt) {
      const isForbidden = wasKnown(notificationId, beganAt);
      (isForbidden ? forbidden : repeated).push(notificationId);
    }
    if (isDelivery && endedAt !== null && before === undefined) {
      delivered.set(notificationId, endedAt);
    }
  }
  return { forbidden, repeated };
}
