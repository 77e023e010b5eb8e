import type { StreamPosition } from '../domain/change.ts';
import { weightOfChange } from '../domain/weight.ts';
import { createByteBudget } from '../runtime/byteBudget.ts';
import { Fenced } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import { retryTransient } from '../runtime/retryTransient.ts';
import { createTally } from '../runtime/tally.ts';
import { createEndNotification } from './endNotification.ts';
import { createIntake, ignoreStop } from './intake.ts';
import { createLookUps } from './lookUps.ts';
import type {
  ChangeSource,
  CheckpointStore,
  GapStore,
  LoopHealth,
  OutcomeStore,
  SmsStore,
} from './ports.ts';
import { readChanges } from './readChanges.ts';
import { createReadMark } from './readMark.ts';
import { redeliverDue, type RedeliverDeps } from './redeliverDue.ts';
import { renewClaims } from './renewClaims.ts';
import { saveCheckpoints } from './saveCheckpoints.ts';
import { createSmsGate } from './smsGate.ts';
import { sweepGaps } from './sweepGaps.ts';
import { tendBlocked, type TendBlockedDeps } from './tendBlocked.ts';
import { createWindow } from './window.ts';

/**
 * A read that stays away for so long hangs on a connection that is dead in silence, or goes through much of the oplog:
 * opened anew without a read, the oplog is read span by span, so nothing is lost by giving up early.
 */
const SILENCE_MS = 15_000;

/** What all notifications of this process share. */
type Shared = Pick<
  RedeliverDeps,
  | 'lookUp'
  | 'lookedUp'
  | 'remembered'
  | 'responses'
  | 'end'
  | 'takeUpGate'
  | 'callGate'
  | 'underWay'
  | 'claims'
>;

type FromOutside = Omit<TendBlockedDeps, keyof Shared | 'track'>;

export interface PipelineDeps extends FromOutside {
  readonly source: ChangeSource;
  readonly checkpoints: CheckpointStore;
  readonly sms: SmsStore;
  readonly outcomes: OutcomeStore;
  readonly health: LoopHealth;
  /** Called when somebody else has moved the checkpoint, or it was turned back: the term is over. */
  onFenced(): void;
  /** Called when the checkpoint is saved for the last time: a successor may begin, though calls still run. */
  handOver(): Promise<void>;
  readonly recordSkips: boolean;
  readonly gaps: GapStore;
  /** How far before a gap a carrier's time may lie. */
  readonly marginMs: number;
  /** Where the first start ever begins; null for the present. */
  readonly startAt: Date | null;
  /** Changes under way at most; each holds one SMS document in memory. */
  readonly windowLimit: number;
  /** Which statuses count; empty for all. */
  readonly deliveryStatuses: ReadonlySet<string>;
}

/**
 * What the stream brings in and what is looked up for it may take so much memory, each of the two: 15 documents of
 * 1 MB with their bodies, or any number of ordinary ones that the window can hold. See `docs/decisions/0018-memory-by-bytes.md`.
 */
const READ_BYTES = 32 * 1024 * 1024;
const LOOKED_UP_BYTES = 32 * 1024 * 1024;
const REMEMBERED_BYTES = 16 * 1024 * 1024;
const RESPONSES_BYTES = 16 * 1024 * 1024;

/**
 * Runs until `stopping`: reads changes, takes each to its end, moves the checkpoint over what is settled.
 * Then what has begun is put into durable state, the checkpoint saved, and the work handed over; running
 * calls are finished after that. Rejects with a bug or with what can't be mended
 * by waiting; then, too, nothing is lost, since the checkpoint never passed what was not settled.
 */
export async function runPipeline(deps: PipelineDeps): Promise<void> {
  const { source, checkpoints, logger, metrics, health, stopping, abandoned } = deps;
  const start = await retryTransient(() => startPosition(deps), {
    what: 'checkpoint',
    signal: stopping,
    logger,
  });
  const window = createWindow(start, deps.windowLimit);
  const read = createByteBudget(READ_BYTES);
  metrics.checkpointAt(start.wallTime);
  const running = createTally();
  let onBug: (bug: Error) => void = () => undefined;
  const bug = new Promise<never>((_resolve, reject) => {
    onBug = reject;
  });
  bug.catch(() => undefined);
  const track = (task: Promise<void>): void => {
    const leave = running.enter();
    task.then(leave, (thrown: unknown) => onBug(toError(thrown)));
  };
  const shared = { ...deps, ...createShared(deps), track };
  const unsettled = createTally();
  const intake = createIntake({ ...shared, unsettled });

  const mark = createReadMark(start, source.isThere);
  const passed = (position: StreamPosition): void => {
    window.passed(position);
    mark.moved(position);
  };

  const reading = readChanges({
    source,
    silenceMs: SILENCE_MS,
    start,
    async onChange(change) {
      while (!window.hasRoom || !read.hasRoom) {
        await (window.hasRoom ? read : window).untilRoom(stopping);
      }
      const hold = read.open();
      hold.add(weightOfChange(change));
      intake.take(change, window.admit(change.position), hold);
      mark.moved(change.position);
    },
    onPassed: passed,
    // Not from the watermark: what lies before is in hand, and a successor that must begin there finds the same.
    async onGap({ wallTime }) {
      const skip = async (): Promise<StreamPosition> => await skipGap(wallTime, deps);
      const position = await retryTransient(skip, { what: 'gap', signal: stopping, logger });
      passed(position);
      return position;
    },
    async onReplaced() {
      const note = async (): Promise<unknown> => await skipGap(window.watermark.wallTime, deps);
      await retryTransient(note, { what: 'gap', signal: stopping, logger });
    },
    logger,
    metrics,
    health,
    stopping,
  }).catch(ignoreStop);
  const saving = saveCheckpoints({ ...deps, window });
  const redelivering = redeliverDue(shared);
  const tending = tendBlocked(shared);
  // A successor searches the same page: what has begun must be durable before.
  const sweeping = sweepGaps({
    ...deps,
    handle: intake.takeFound,
    async streamIsThere() {
      const what = { what: 'gap', signal: stopping, logger };
      const now = await retryTransient(source.currentPosition, what);
      await mark.reached(now, stopping);
    },
  }).catch(ignoreStop);
  const ended = new AbortController();
  void renewClaims({ ...shared, ended: ended.signal });
  try {
    await Promise.race([Promise.all([reading, saving, redelivering, tending, sweeping]), bug]);
    // What is left waits for writes, for as long as the database is away.
    health.waits('stream');
    health.waits('checkpoint');
    await Promise.race([unsettled.empty(), bug]);
    await retryTransient(() => checkpoints.save(window.watermark), {
      what: 'checkpoint',
      signal: abandoned,
      logger,
    }).catch(unlessFenced);
    await deps.handOver();
    await Promise.race([running.empty(), bug]);
  } finally {
    ended.abort();
  }
}

/**
 * Where to begin. Saved before it is used: a crash in between would otherwise lose what happens in that
 * time.
 */
async function startPosition(deps: PipelineDeps): Promise<StreamPosition> {
  const { source, checkpoints, startAt, logger } = deps;
  const saved = await checkpoints.load();
  if (saved !== null && saved.doubt === null) return saved.position;
  if (saved !== null) {
    logger.error('checkpoint_doubtful', { doubt: saved.doubt, at: saved.position.wallTime });
    const position = await skipGap(saved.position.wallTime, deps);
    await checkpoints.save(position);
    return position;
  }
  const position =
    startAt === null ? await source.currentPosition() : await source.positionAt(startAt);
  await checkpoints.save(position);
  return position;
}

/** Puts down that what happened since `from` is to be looked for, and gives the present position. */
async function skipGap(
  from: Date,
  { source, gaps, metrics }: PipelineDeps,
): Promise<StreamPosition> {
  const now = await source.currentPosition();
  await gaps.add(new Date(Math.min(from.getTime(), now.wallTime.getTime())), now.wallTime);
  metrics.gapFound();
  return now;
}

function createShared(deps: PipelineDeps): Shared {
  const lookedUp = createByteBudget(LOOKED_UP_BYTES);
  const remembered = createByteBudget(REMEMBERED_BYTES);
  return {
    lookUp: createLookUps({ ...deps, lookedUp, remembered }),
    lookedUp,
    remembered,
    responses: createByteBudget(RESPONSES_BYTES),
    end: createEndNotification(deps),
    takeUpGate: createSmsGate(),
    callGate: createSmsGate(),
    underWay: new Map(),
    claims: new Map(),
  };
}

/** Whoever has the lease by now has its own position; what still runs here is finished all the same. */
function unlessFenced(error: unknown): void {
  if (!(error instanceof Fenced)) throw toError(error);
}
