import { readBlockedEndpoints } from '../mongo/blockedEndpoints.ts';
import { createJobStore } from '../mongo/jobs.ts';
import { createStateReaders, readOverview } from '../mongo/workerState.ts';
import { silentLogger } from '../runtime/logger.ts';
import type { Session } from './session.ts';
import { readTopicStatus } from './topicStatus.ts';

const JOBS_SHOWN = 10;

export type WorkerStatus = Awaited<ReturnType<typeof readWorkerStatus>>;

/** How far the worker is, what waits, and who works; from its own rows, whether it runs or not. */
export async function readWorkerStatus(session: Session) {
  const { config, mongo } = session;
  const { state, servers } = await mongo();
  const { rememberMs } = config.notify;
  const readers = createStateReaders({ state, rememberMs, logger: silentLogger });
  const [
    overview,
    pending,
    blocked,
    oldestOverdueSeconds,
    endpoints,
    oldestOplogEntryAt,
    jobs,
    topic,
  ] = await Promise.all([
    readOverview(state),
    readers.retriesPending(),
    readers.retriesBlocked(),
    readers.oldestOverdueSeconds(),
    readBlockedEndpoints(state),
    readers.oldestOplogEntryAt(),
    createJobStore(state.jobs).latest(JOBS_SHOWN),
    readTopicStatus(session),
  ]);
  const now = Date.now();
  const checkpoints = overview.checkpoints.map((checkpoint) => ({
    ...checkpoint,
    lagSeconds:
      checkpoint.at === null ? null : Math.max(0, (now - checkpoint.at.getTime()) / 1_000),
    oplogHeadroomSeconds:
      checkpoint.at === null || oldestOplogEntryAt === null
        ? null
        : (checkpoint.at.getTime() - oldestOplogEntryAt.getTime()) / 1_000,
  }));
  const { leases, standbys, topicWorkers, gaps } = overview;
  const breakers = [...endpoints.values()].filter((each) => each.kind === 'breaker_open');
  const disabled = [...endpoints.values()].filter((each) => each.kind === 'endpoint_disabled');
  const { database, collection, stateDatabase } = config.mongodb;
  const { host, port, socketPath, database: central } = config.mysql.server;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    mongodb: { servers, database, collection, stateDatabase },
    mysql: { server: socketPath ?? address, database: central },
    topic,
    checkpoints,
    retries: { pending, blocked, oldestOverdueSeconds },
    endpointsDisabled: disabled.length,
    breakers,
    disabled,
    leases,
    standbys,
    topicWorkers,
    gaps,
    jobs,
  };
}
