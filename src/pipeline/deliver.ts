import pRetry, { AbortError } from 'p-retry';
import { isDelivered, wasCalled, type AttemptOutcome } from '../domain/attempt.ts';
import { withAttemptBegun, withOutcome, type AttemptLog } from '../domain/attemptLog.ts';
import { attemptedRecord } from '../domain/buildRecord.ts';
import type { Notification } from '../domain/notification.ts';
import type { FailedReason } from '../domain/record.ts';
import {
  disablesEndpoint,
  nextStep,
  type NextStep,
  type RetrySchedule,
} from '../domain/retryPolicy.ts';
import { weightOfLog } from '../domain/weight.ts';
import { delay, Stopping } from '../runtime/abort.ts';
import type { ByteBudget, Hold } from '../runtime/byteBudget.ts';
import { toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Custody } from './custody.ts';
import { cutShortAt, waitOrCutShort } from './cutShort.ts';
import type { EndNotification } from './endNotification.ts';
import { logAttempt } from './logAttempt.ts';
import type { Waiting } from './lane.ts';
import { withinLimits, withinRoom } from './stepLimits.ts';
import { NoRoom, type Lanes, type Slot } from './lanes.ts';
import type { EndpointStore, Metrics, ServerClock, WebhookSender } from './ports.ts';
import { CannotPark } from './retryPort.ts';

export interface DeliverDeps {
  readonly lanes: Lanes;
  /** What is held of responses. Nobody waits for room: with none a quick retry is served from durable state. */
  readonly responses: ByteBudget;
  readonly sender: WebhookSender;
  readonly endpoints: EndpointStore;
  readonly end: EndNotification;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: ServerClock;
  readonly schedule: RetrySchedule;
  /** From the moment it was first taken up to the last moment an attempt may begin. */
  readonly giveUpAfterMs: number;
  /** Aborted when nothing new may start: an attempt still queued is not made, no quick retry waited for. */
  readonly stopping: AbortSignal;
  /** Whether this worker still has the lease, as `LeasedWork` is told: asked right before each call. */
  isHeld(): boolean;
  /** Aborted when the time to finish is up: running attempts are given up. */
  readonly abandoned: AbortSignal;
  readonly random: () => number;
}

/** One notification on its way, and what has become of it so far. */
export interface Delivery {
  readonly notification: Notification;
  readonly acceptedAt: Date;
  /** `noAttempts` itself for one that comes from the stream. */
  readonly log: AttemptLog;
  readonly custody: Custody;
  /** The slot for its next attempt, when it has one already. */
  readonly slot: Slot | null;
}

const NO_ROOM_WAIT_MS = 1_000;

/** An attempt that is to be followed by another at once; what p-retry is told. */
class AttemptFailed extends Error {
  override readonly name = 'AttemptFailed';
  readonly waitMs: number;
  constructor(waitMs: number) {
    super('the attempt failed');
    this.waitMs = waitMs;
  }
}

/**
 * Calls the webhook, with quick retries, until the notification has ended or is back in durable state, and
 * that is written. The slot is held until it is: so what is called and not yet recorded, and would be called
 * again after a crash, never exceeds the bounds in flight. Rejects with `Superseded` when somebody else has
 * taken it over, with `NoRoom` or `Stopping` when its lane was overfull or a stop came before its first
 * attempt, with `Stopping` as well when the time to write is up. A wait holds no slot.
 */
export async function deliver(delivery: Delivery, deps: DeliverDeps): Promise<void> {
  const { custody, slot } = delivery;
  const hold = deps.responses.open();
  const progress: Progress = { log: delivery.log, hold, isConcluding: false };
  const waiting = custody.canBeParked ? 'news' : 'row';
  try {
    const first = slot ?? (await takeSlot(delivery, waiting, deps));
    const step = await attemptIn(first, delivery, progress, deps);
    if (step.kind === 'quickRetry') await repeatQuickly(step.waitMs, delivery, progress, deps);
  } catch (error) {
    const { log, isConcluding } = progress;
    const isPutOff = !isConcluding && custody.canBeParked;
    const waitMs = isPutOff ? cutShortAt(error, log, delivery.log) : null;
    if (waitMs === null) throw error;
    await conclude(delivery, log, { kind: 'parked', waitMs }, deps).catch((thrown: unknown) => {
      // Whoever takes it up once more finds nothing of it.
      throw toError(thrown instanceof CannotPark ? error : thrown);
    });
  } finally {
    custody.close();
    hold.release();
  }
}

/** How far a delivery has come. */
interface Progress {
  log: AttemptLog;
  /** Of the log's response. */
  readonly hold: Hold;
  isConcluding: boolean;
}

/**
 * One attempt, and the end or the parking that it leads to; none when it has become too late. Releases the slot
 * in any case. It is one function, since each one that waits is kept for as long as it does.
 */
async function attemptIn(
  slot: Slot,
  delivery: Delivery,
  progress: Progress,
  deps: DeliverDeps,
): Promise<NextStep> {
  const { notification, custody } = delivery;
  try {
    const reason = tooLateBecause(delivery, deps);
    let step: NextStep;
    if (reason === null) {
      const begun = withAttemptBegun(progress.log, new Date(deps.clock.now()));
      mustHold(deps);
      await custody.beginAttempt(begun);
      // Counting it can take a write: time enough to be frozen in.
      mustHold(deps);
      custody.attemptRuns(begun);
      progress.log = begun;
      const { webhook, body, notificationId } = notification;
      const attempt = { webhook, body, notificationId, number: begun.begun };
      const outcome = await deps.sender.send(attempt, deps.abandoned);
      slot.answered();
      progress.log = withOutcome(begun, outcome);
      progress.hold.release();
      progress.hold.add(weightOfLog(progress.log));
      custody.attemptEnded(progress.log);
      note(notification, outcome, deps);
      step = chooseStep(delivery, progress.log, outcome, deps);
    } else {
      step = { kind: 'failed', reason };
    }
    progress.isConcluding = step.kind !== 'quickRetry';
    if (progress.isConcluding) await concludeOrFail(delivery, progress.log, step, deps);
    return step;
  } finally {
    slot.release();
  }
}

function mustHold({ isHeld }: DeliverDeps): void {
  if (!isHeld()) throw new Stopping();
}

/**
 * Until another step than a quick retry, each time in a slot of its own. Nearly always the first attempt is
 * the last one: it goes without what retries take.
 */
async function repeatQuickly(
  firstWaitMs: number,
  delivery: Delivery,
  progress: Progress,
  deps: DeliverDeps,
): Promise<void> {
  const { custody } = delivery;
  const { schedule, stopping } = deps;
  const waiting = custody.canBeParked ? 'again' : 'row';
  const wait = custody.canBeParked ? waitOrCutShort : delay;
  await wait(firstWaitMs, stopping);
  const again = async (): Promise<void> => {
    const slot = await takeSlot(delivery, waiting, deps);
    const next = await attemptIn(slot, delivery, progress, deps);
    if (next.kind === 'quickRetry') throw new AttemptFailed(next.waitMs);
  };
  await pRetry(
    async () => {
      await again().catch((thrown: unknown) => {
        throw thrown instanceof AttemptFailed ? thrown : new AbortError(toError(thrown));
      });
    },
    {
      retries: schedule.quickRetriesMs.length - 1,
      minTimeout: 0,
      onFailedAttempt: async ({ error }) => {
        if (error instanceof AttemptFailed) await wait(error.waitMs, stopping);
      },
    },
  );
}

const noSlot: Slot = { answered: () => undefined, release: () => undefined };

/**
 * One that can't wait in durable state waits here until its endpoint may be called again. When that takes too
 * long it needs no slot: there will be no call.
 */
async function takeSlot(delivery: Delivery, waiting: Waiting, deps: DeliverDeps): Promise<Slot> {
  const { endpointKey } = delivery.notification.webhook;
  for (;;) {
    try {
      return await deps.lanes.take(endpointKey, waiting, deps.stopping);
    } catch (error) {
      if (!(error instanceof NoRoom) || delivery.custody.canBeParked) throw toError(error);
      if (tooLateBecause(delivery, deps) !== null) return noSlot;
      await delay(NO_ROOM_WAIT_MS, deps.stopping);
    }
  }
}

/** What came to be known while it waited for a slot. */
function tooLateBecause(
  { notification, acceptedAt }: Delivery,
  { endpoints, giveUpAfterMs, clock }: DeliverDeps,
): FailedReason | null {
  if (endpoints.isDisabled(notification.webhook.endpointKey)) return 'endpoint_disabled';
  return clock.now() > acceptedAt.getTime() + giveUpAfterMs ? 'expired' : null;
}

/** Tells of what came of an attempt: to the endpoint's breaker, and in numbers. */
function note(
  { webhook, statusAt, run }: Notification,
  outcome: AttemptOutcome,
  { lanes, metrics, clock }: DeliverDeps,
): void {
  if (wasCalled(outcome)) lanes.ended(webhook.endpointKey, isDelivered(outcome));
  metrics.attempted(outcome);
  // How long ago a status was that is told again says nothing of how quick the worker is.
  if (isDelivered(outcome) && run === undefined) {
    metrics.delivered((clock.now() - statusAt.getTime()) / 1000);
  }
}

function chooseStep(
  delivery: Delivery,
  log: AttemptLog,
  outcome: AttemptOutcome,
  deps: DeliverDeps,
): NextStep {
  const now = new Date(deps.clock.now());
  const policy = nextStep(outcome, log.begun, deps.schedule, { now, random: deps.random() });
  const allowed = withinLimits(policy, delivery, now.getTime() - deps.giveUpAfterMs);
  const step = withinRoom(allowed, delivery, deps.responses);
  logAttempt(deps.logger, delivery.notification, { number: log.begun, outcome, step, now });
  return step;
}

/** What no row will hold after all has had its attempts. */
async function concludeOrFail(
  delivery: Delivery,
  log: AttemptLog,
  step: NextStep,
  deps: DeliverDeps,
): Promise<void> {
  try {
    await conclude(delivery, log, step, deps);
  } catch (error) {
    if (!(error instanceof CannotPark)) throw toError(error);
    await conclude(delivery, log, { kind: 'failed', reason: 'attempts_exhausted' }, deps);
  }
}

async function conclude(
  { notification, custody }: Delivery,
  log: AttemptLog,
  step: NextStep,
  deps: DeliverDeps,
): Promise<void> {
  const { webhook } = notification;
  const { end, endpoints } = deps;
  if (step.kind === 'parked' || step.kind === 'quickRetry') {
    const nextAttemptAt = await custody.release(log, step.waitMs);
    if (log.begun === 0) return;
    const standing = { state: 'retrying', nextAttemptAt } as const;
    await end.show(notification, attemptedRecord(notification, webhook, log, standing));
    return;
  }
  const standing =
    step.kind === 'delivered'
      ? ({ state: 'delivered' } as const)
      : ({ state: 'failed', reason: step.reason } as const);
  const record = attemptedRecord(notification, webhook, log, standing);
  if (log.last === null || !disablesEndpoint(log.last)) {
    await end.write(notification, record, await custody.claim());
    return;
  }
  endpoints.avoid(webhook.endpointKey);
  // Not before the answer is remembered: a successor would take the notification for one that must not be made.
  await end.write(notification, record, await custody.claim(), async () => {
    await endpoints.disable(webhook, disabledBecause(step));
    deps.lanes.endpointDisabled(webhook.endpointKey);
  });
}

function disabledBecause(step: NextStep): FailedReason {
  return step.kind === 'failed' ? step.reason : 'endpoint_disabled';
}
