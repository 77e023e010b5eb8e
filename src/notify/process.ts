import type { Change } from '../domain/change.ts';
import { identify, savedSms, type Identity } from '../domain/identify.ts';
import type { Subject } from '../domain/notification.ts';
import { routeWaitMs } from '../domain/retryPolicy.ts';
import { delay, Stopping } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import type { NotifyContext } from './context.ts';
import { dispatch } from './dispatch.ts';
import { evaluate, type Evaluated, type Evaluation } from './evaluate.ts';
import { restoreAfterSave } from './restore.ts';

/** What has become of a change. Whoever starts one handles both promises. */
export interface Processing {
  /**
   * Resolves as soon as a successor need not read the change again, with whether it was new. Rejects with `Stopping`
   * when a stop came first, with nothing lost; with anything else for a bug.
   */
  readonly durable: Promise<boolean>;
  /** Resolves when nothing of it runs here any more, after a stop as well. Rejects for a bug only. */
  readonly finished: Promise<void>;
}

/** Takes one change, from the stream or from a gap scan, to its end or into the database. */
export type ProcessChange = (change: Change) => Processing;

/**
 * With `parksAll` every new status that a row can hold is put into durable state, undecided, for whoever serves its row:
 * its SMS may be in another worker's partition.
 */
export function createProcess(
  ctx: NotifyContext,
  { parksAll = false }: { readonly parksAll?: boolean } = {},
): ProcessChange {
  return (change) => {
    const identity = identify(change, ctx.policy.deliveryStatuses);
    const durability = Promise.withResolvers<boolean>();
    const durable = durability.promise;
    durable.catch(() => undefined);
    const work =
      identity.kind === 'subject'
        ? processStatus({ change, subject: identity.subject, parksAll }, durability, ctx)
        : processOther(change, identity, ctx);
    const finished = work.then(durability.resolve, (thrown: unknown) => {
      durability.reject(thrown);
      if (!(thrown instanceof Stopping)) throw toError(thrown);
    });
    return { durable, finished };
  };
}

async function processStatus(
  { change, subject, parksAll }: Readonly<{ change: Change; subject: Subject; parksAll: boolean }>,
  durability: PromiseWithResolvers<boolean>,
  ctx: NotifyContext,
): Promise<boolean> {
  const { locks, active, term, clock, memory, tracing } = ctx;
  const { smsKey, notificationId } = subject;
  const hold = memory.lookedUp.open();
  // Before anything is asked of a database: waiting for one counts.
  const acceptedAt = new Date(clock.now());
  const trace = tracing.begin(subject, undefined);
  const evaluated = { change, subject, acceptedAt, hold, trace };
  try {
    // What no row can hold is delivered here.
    for (let leavesRouteOpen = parksAll; ; leavesRouteOpen = false) {
      const { evaluation, duplicateOf } = await locks.evaluation.run(smsKey, () =>
        evaluateOnce({ ...evaluated, leavesRouteOpen }, durability.promise, ctx),
      );
      if (!isToDispatch(evaluation)) {
        // Not before what it is a duplicate of: that may come from a gap scan, which a successor begins again.
        await duplicateOf;
        return evaluation.kind !== 'nothing';
      }
      const result = await dispatch(evaluation, () => durability.resolve(true), ctx).finally(() =>
        active.delete(notificationId),
      );
      if (result === 'done') return true;
      // It is looked up again: meanwhile it must hold no memory that others wait for.
      hold.release();
      await delay(routeWaitMs(0), term.stopping);
    }
  } finally {
    trace.end();
    hold.release();
  }
}

type ToDispatch = Extract<Evaluation, { kind: 'notify' | 'routeUnknown' }>;

function isToDispatch(evaluation: Evaluation): evaluation is ToDispatch {
  return evaluation.kind === 'notify' || evaluation.kind === 'routeUnknown';
}

/** Must run for one change of an SMS at a time. */
async function evaluateOnce(
  what: Omit<Evaluated, 'isActive'>,
  durable: Promise<unknown>,
  ctx: NotifyContext,
): Promise<{
  readonly evaluation: Evaluation;
  readonly duplicateOf: Promise<unknown> | undefined;
}> {
  const { active, term, metrics, recorder } = ctx;
  const { change, subject, trace } = what;
  const { notificationId } = subject;
  term.stopping.throwIfAborted();
  const duplicateOf = active.get(notificationId);
  const isActive = duplicateOf !== undefined;
  if (isActive && change.operation === 'update') {
    metrics.notNotified('duplicate');
    return { evaluation: { kind: 'nothing' }, duplicateOf };
  }
  let evaluation: Evaluation = { kind: 'nothing' };
  // Before the look-up: a row written after that must not be served beside it.
  if (!isActive) active.set(notificationId, durable);
  try {
    evaluation = await evaluate({ ...what, isActive }, ctx);
    if (evaluation.kind === 'ended') {
      const { accountId, webhook = null, record } = evaluation;
      trace.recording(accountId, record);
      await recorder.end({ ...subject, accountId, webhook }, record, null);
      trace.done();
    }
  } finally {
    if (!isActive && !isToDispatch(evaluation)) active.delete(notificationId);
  }
  return { evaluation, duplicateOf };
}

/** What brings no status to notify is counted, and the records that a save removed are put back. */
async function processOther(
  change: Change,
  identity: Exclude<Identity, { kind: 'subject' }>,
  ctx: NotifyContext,
): Promise<false> {
  // A gap scan finds such documents again and again.
  if (change.setBefore !== undefined) return false;
  const { metrics, statistics, logger } = ctx;
  if (identity.kind === 'filtered') metrics.notNotified('filtered_status');
  if (identity.kind === 'unusable') {
    metrics.notificationEnded('skipped', 'unusable_document');
    statistics.notificationEnded({ accountId: null }, 'skipped');
    logger.warn('unusable_document', { problem: identity.problem });
  }
  const saved = savedSms(change);
  if (saved !== null) await restoreAfterSave(saved, ctx);
  return false;
}
