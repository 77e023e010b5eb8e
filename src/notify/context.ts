import type { RetrySchedule } from '../domain/retryPolicy.ts';
import type { TimeZone } from '../domain/sms.ts';
import type { EndpointQueues } from '../endpoints/queues.ts';
import type {
  Lookups,
  OutcomeStore,
  RouteSource,
  ServerClock,
  WebhookSender,
} from '../ports/notify.ts';
import type { EndpointStore } from '../ports/endpoints.ts';
import type { RetryStore } from '../ports/retries.ts';
import type { Statistics } from '../ports/statistics.ts';
import type { Metrics } from '../ports/telemetry.ts';
import type { Tracing } from '../ports/tracing.ts';
import { createByteBudget, type ByteBudget } from '../runtime/byteBudget.ts';
import { createKeyedMutex, type KeyedMutex } from '../runtime/keyedMutex.ts';
import type { Logger } from '../runtime/logger.ts';
import { createReadingRoom, type ReadingRoom } from '../runtime/readingRoom.ts';
import { createBatchedLookups, type BatchedLookup } from './batchedLookups.ts';
import { createRecorder, type Recorder } from './recorder.ts';

/** What the settings say about notifying. */
interface NotifyPolicy {
  /** Which statuses count; empty for all. */
  readonly deliveryStatuses: ReadonlySet<string>;
  readonly maxStatusAgeMs: number;
  /** From when a status was first read to the last moment an attempt may begin. */
  readonly giveUpAfterMs: number;
  readonly schedule: RetrySchedule;
  readonly zone: TimeZone;
  /** How long a retry waits for a route that is slow to come. */
  readonly routePatienceMs: number;
  /** How often, at most, retries behind an open breaker have their routes looked up again. */
  readonly routeCacheTtlMs: number;
}

/** How long this worker may do what it does. */
interface Term {
  /** Aborted when nothing new may begin: no attempt leaves its queue, no quick retry is waited for. */
  readonly stopping: AbortSignal;
  /** Aborted when the time to finish is up: running attempts and writes are given up. */
  readonly abandoned: AbortSignal;
  /** Whether the lease still holds by this process' own clock; asked right before each call. */
  isHeld(): boolean;
}

/** What every step of a notification may use. Made once a term, and handed on as it is. */
export interface NotifyContext {
  readonly policy: NotifyPolicy;
  readonly term: Term;
  readonly clock: ServerClock;
  readonly random: () => number;
  readonly lookUp: BatchedLookup;
  readonly routes: RouteSource;
  readonly sender: WebhookSender;
  readonly retries: RetryStore;
  readonly endpoints: EndpointStore;
  readonly recorder: Recorder;
  readonly queues: EndpointQueues;
  readonly locks: Readonly<{
    /** One change of an SMS at a time is evaluated. */
    evaluation: KeyedMutex;
    /** One status of an SMS at a time is delivered. */
    delivery: KeyedMutex;
  }>;
  /**
   * The notifications in progress in this process, each with what resolves when it is durable and rejects when a stop
   * came first.
   */
  readonly active: Map<string, Promise<unknown>>;
  /** The tokens of the rows that these have claimed, by notification; they are renewed. */
  readonly claims: Map<string, string>;
  /** How much may be held in memory. See `docs/decisions/0018-memory-by-bytes.md`. */
  readonly memory: Readonly<{
    /** Documents that were looked up. */
    lookedUp: ByteBudget;
    /** Records that were looked up, until those that the document has lost are durable. */
    remembered: ByteBudget;
    /** Responses. Nobody waits for room: without any, a quick retry is scheduled instead. */
    responses: ByteBudget;
    /** What running calls read of answers, until it is recorded. */
    answers: ReadingRoom;
  }>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly statistics: Statistics;
  readonly tracing: Tracing;
}

type Made = 'lookUp' | 'recorder' | 'locks' | 'active' | 'claims' | 'memory';

export interface NotifyParts extends Omit<NotifyContext, Made> {
  readonly sms: Lookups;
  readonly outcomes: OutcomeStore;
  readonly recordSkips: boolean;
  /** What is read of an answer at most. */
  readonly responseLimitBytes: number;
}

const LOOKED_UP_BYTES = 32 * 1024 * 1024;
const REMEMBERED_BYTES = 16 * 1024 * 1024;
const RESPONSES_BYTES = 16 * 1024 * 1024;
/** What large answers of running calls take together, and what each call may read without asking. */
const ANSWERS_BYTES = 16 * 1024 * 1024;
const ANSWER_FREE_BYTES = 64 * 1024;

export function createNotifyContext(parts: NotifyParts): NotifyContext {
  const { sms, outcomes, recordSkips, responseLimitBytes, ...given } = parts;
  const { logger, metrics, statistics, queues } = parts;
  const lookedUp = createByteBudget(LOOKED_UP_BYTES);
  const remembered = createByteBudget(REMEMBERED_BYTES);
  return {
    ...given,
    lookUp: createBatchedLookups({ sms, lookedUp, remembered, stopping: parts.term.stopping }),
    recorder: createRecorder({ outcomes, metrics, statistics, logger, recordSkips }),
    locks: { evaluation: createKeyedMutex(), delivery: createKeyedMutex() },
    active: new Map(),
    claims: new Map(),
    memory: {
      lookedUp,
      remembered,
      responses: createByteBudget(RESPONSES_BYTES),
      answers: createReadingRoom({
        limit: ANSWERS_BYTES,
        freeBytes: Math.min(ANSWER_FREE_BYTES, ANSWERS_BYTES / queues.maxInFlight),
        mostBytes: responseLimitBytes,
      }),
    },
  };
}
