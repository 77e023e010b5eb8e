import { isWorking } from '../mongo/workerState.ts';
import { toError } from '../runtime/errors.ts';
import { answerWithin, NoAnswerSoon } from './answerWithin.ts';
import { askSeldom } from './askSeldom.ts';
import { sentenceOf } from './errorSentence.ts';
import type { Session } from './session.ts';
import { count, duration, several } from './words.ts';
import { readWorkerStatus, type WorkerStatus } from './workerStatus.ts';

/** One thing that must be as it should be for customers to be notified. */
export interface Lamp {
  readonly name: 'MongoDB' | 'MySQL' | 'worker' | 'statuses' | 'gaps' | 'retries' | 'endpoints';
  /** `waiting`: customers are notified, but later than they should be. */
  readonly state: 'good' | 'waiting' | 'bad' | 'unknown';
  /** Begins in lower case, unless with a name, and has no full stop. */
  readonly detail: string;
}

/** Whether customers are notified. */
export interface Health {
  readonly state: 'works' | 'late' | 'down';
  /** The verdict, in one sentence: what is wrong, and what to do. */
  readonly sentence: string;
  readonly lamps: readonly Lamp[];
}

export interface HealthReport {
  readonly health: Health;
  /** Null where MongoDB does not tell. */
  readonly status: WorkerStatus | null;
}

const MONGODB_PATIENCE_MS = 5_000;
const MYSQL_PATIENCE_MS = 2_000;
const MYSQL_FRESH_MS = 5_000;
const STATUS_FRESH_MS = 1_000;

/** As the alert for the checkpoint. */
const LATE_SECONDS = 120;
/** As the alert for retries. */
const OVERDUE_SECONDS = 60;
/** As the critical alert for the oplog. */
const HEADROOM_SECONDS = 3_600;
/** As the alert for the topic's partitions. */
const LAG_MESSAGES = 1_000;

/** Asks both databases. Never rejects for one that does not answer, and takes five seconds at most to know that. */
export async function readHealth(session: Session): Promise<HealthReport> {
  const [status, mysqlProblem] = await Promise.all([
    readStatusSoon(session),
    mysqlProblemNow(session),
  ]);
  const isKnown = typeof status !== 'string';
  return { health: judge(status, mysqlProblem), status: isKnown ? status : null };
}

const statusNow = askSeldom(STATUS_FRESH_MS, readWorkerStatus);

/** The reason where MongoDB does not tell. */
async function readStatusSoon(session: Session): Promise<WorkerStatus | string> {
  const limit = { ms: MONGODB_PATIENCE_MS, who: 'MongoDB', stopping: session.stopping };
  try {
    return await answerWithin(limit, async () => await statusNow(session));
  } catch (thrown) {
    const error = toError(thrown);
    return error instanceof NoAnswerSoon
      ? `${error.message}: check MONGODB_URI, or start MongoDB`
      : withoutStop(sentenceOf(error));
  }
}

/** Null when MySQL answers the route query. */
export const mysqlProblemNow = askSeldom(
  MYSQL_FRESH_MS,
  async ({ routeQuery, stopping }): Promise<string | null> => {
    const limit = { ms: MYSQL_PATIENCE_MS, who: 'MySQL', stopping };
    try {
      await answerWithin(limit, async (patience) => await routeQuery().check(patience));
      return null;
    } catch (thrown) {
      return withoutStop(toError(thrown).message);
    }
  },
);

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

/** What the facts come to; a text in place of the status says why there is none. */
export function judge(status: WorkerStatus | string, mysqlProblem: string | null): Health {
  const mysql: Lamp =
    mysqlProblem === null
      ? { name: 'MySQL', state: 'good', detail: 'MySQL answers' }
      : {
          name: 'MySQL',
          state: 'bad',
          detail: `${mysqlProblem}; statuses wait until it answers, none is lost`,
        };
  if (typeof status === 'string') {
    return verdictOf([{ name: 'MongoDB', state: 'bad', detail: status }, mysql]);
  }
  return verdictOf([
    { name: 'MongoDB', state: 'good', detail: 'MongoDB answers' },
    mysql,
    workerLamp(status),
    status.topic === null ? streamLamp(status) : topicLamp(status.topic),
    gapsLamp(status),
    retriesLamp(status),
    endpointsLamp(status),
  ]);
}

function verdictOf(lamps: readonly Lamp[]): Health {
  const detailsOf = (state: Lamp['state'], but?: Lamp['name']): readonly string[] =>
    lamps.filter((lamp) => lamp.state === state && lamp.name !== but).map(({ detail }) => detail);
  const bad = detailsOf('bad');
  if (bad.length > 0) {
    return { state: 'down', sentence: `It does not work: ${bad.join('; ')}.`, lamps };
  }
  // A customer's endpoint that is down is not ours to mend.
  const late = detailsOf('waiting', 'endpoints');
  if (late.length > 0) {
    return { state: 'late', sentence: `It works, but late: ${late.join('; ')}.`, lamps };
  }
  const blocked = detailsOf('waiting');
  const but = blocked.length === 0 ? '' : `; ${blocked.join('; ')}`;
  return { state: 'works', sentence: `It works${but}.`, lamps };
}

function workerLamp(status: WorkerStatus): Lamp {
  const { topicWorkers, leases, standbys } = status;
  const name = 'worker';
  if (!isWorking(status)) {
    const detail =
      standbys.length === 0
        ? 'no worker is active: start one'
        : `no worker is active, though ${several(standbys.length, 'worker')} ${standbys.length === 1 ? 'stands' : 'stand'} by: look at its log`;
    return { name, state: 'bad', detail };
  }
  const beside = standbys.length === 0 ? '' : `, ${count(standbys.length)} by its side`;
  const holder = leases.find(({ isHeld }) => isHeld);
  const detail =
    holder === undefined
      ? `${several(topicWorkers, 'worker')} active`
      : `${holder.worker ?? 'a worker'} is active${beside}`;
  return { name, state: 'good', detail };
}

function streamLamp({ checkpoints }: WorkerStatus): Lamp {
  const name = 'statuses';
  const lags = checkpoints.flatMap(({ lagSeconds }) => lagSeconds ?? []);
  if (lags.length === 0) {
    return { name, state: 'unknown', detail: 'no status has been read yet' };
  }
  const lag = Math.max(...lags);
  const ago = duration(1_000 * lag);
  if (lag <= LATE_SECONDS) {
    return { name, state: 'good', detail: `everything until ${ago} ago is dealt with` };
  }
  const detail = `statuses of the last ${ago} may not be dealt with yet`;
  const headroom = Math.min(
    ...checkpoints.flatMap(({ oplogHeadroomSeconds }) => oplogHeadroomSeconds ?? []),
  );
  return headroom < HEADROOM_SECONDS
    ? {
        name,
        state: 'bad',
        detail: `${detail}, and MongoDB's oplog reaches back only ${duration(1_000 * headroom)} further: enlarge it`,
      }
    : { name, state: 'waiting', detail };
}

function topicLamp({ problem, partitions }: NonNullable<WorkerStatus['topic']>): Lamp {
  const name = 'statuses';
  if (problem !== null) {
    return { name, state: 'bad', detail: `Kafka does not answer: ${withoutStop(problem)}` };
  }
  const messages = partitions.reduce((sum, { lag }) => sum + (lag ?? 0), 0);
  const detail = `${several(messages, 'message')} of the topic ${messages === 1 ? 'is' : 'are'} not read yet`;
  return { name, state: messages > LAG_MESSAGES ? 'waiting' : 'good', detail };
}

function gapsLamp({ gaps }: WorkerStatus): Lamp {
  const name = 'gaps';
  if (gaps.length === 0) return { name, state: 'good', detail: 'no gap is being searched' };
  const detail = `${several(gaps.length, 'gap')} in the stream ${gaps.length === 1 ? 'is' : 'are'} still being searched for statuses`;
  return { name, state: 'waiting', detail };
}

function retriesLamp({ retries }: WorkerStatus): Lamp {
  const { pending, oldestOverdueSeconds } = retries;
  const name = 'retries';
  const waiting = `${several(pending, 'notification')} ${pending === 1 ? 'waits' : 'wait'}`;
  if (oldestOverdueSeconds <= OVERDUE_SECONDS) return { name, state: 'good', detail: waiting };
  const overdue = duration(1_000 * oldestOverdueSeconds);
  return { name, state: 'waiting', detail: `${waiting}, the oldest overdue by ${overdue}` };
}

function endpointsLamp({ breakers, disabled, retries }: WorkerStatus): Lamp {
  const name = 'endpoints';
  const blocked = breakers.length + disabled.length;
  if (blocked === 0) return { name, state: 'good', detail: 'every endpoint may be called' };
  const waiting = `${several(retries.blocked, 'notification')} ${retries.blocked === 1 ? 'waits' : 'wait'} there`;
  const detail = `${several(blocked, 'endpoint')} ${blocked === 1 ? 'is' : 'are'} not called, ${waiting}`;
  return { name, state: 'waiting', detail };
}
