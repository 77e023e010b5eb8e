import type { IntegerId } from '../domain/ids.ts';
import {
  readBlockedEndpoints,
  type DisabledEndpoint,
  type OpenBreaker,
} from '../mongo/blockedEndpoints.ts';
import { NoAnswerInTime } from '../mongo/calls.ts';
import type { StateCollections } from '../mongo/database.ts';
import { ensureListIndexes } from '../mongo/indexes.ts';
import { preflight } from '../mongo/preflight.ts';
import { createStateReaders, readOverview, type Overview } from '../mongo/workerState.ts';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import { silentLogger } from '../runtime/logger.ts';
import { checkAccount, checkMysql } from './checkAccount.ts';
import { checkTopic } from './checkTopic.ts';
import { failed, note, ok, type Finding } from './finding.ts';
import type { Session } from './session.ts';
import { takesFromTopic } from './topicStatus.ts';
import { duration, endpointText, several, whyBlocked, type Times } from './words.ts';

/** To the end of the chain, or to the first broken link. */
export async function* walkChain(
  session: Session,
  { account, flow }: Readonly<{ account?: IntegerId; flow?: IntegerId }>,
): AsyncGenerator<Finding> {
  const links = [
    { name: 'mongodb', findings: checkMongo(session) },
    ...(takesFromTopic(session) ? [{ name: 'kafka', findings: checkTopic(session) }] : []),
    { name: 'mysql', findings: checkMysql(session) },
    ...(account === undefined
      ? [{ name: 'endpoints', findings: checkEndpoints(session) }]
      : [{ name: 'endpoint', findings: checkAccount(session, account, flow ?? null) }]),
  ];
  for (const { name, findings } of links) {
    try {
      for await (const finding of findings) {
        yield finding;
        if (finding.status === 'failed') return;
      }
    } catch (error) {
      yield failed(name, toError(error).message);
      return;
    }
  }
}

/** Reachable, a replica set, the right kind of collection, all privileges; and how far the oplog reaches. */
async function* checkMongo(session: Session): AsyncGenerator<Finding> {
  const { mongo, config } = session;
  let state: StateCollections;
  try {
    const connection = await mongo();
    const { sms } = connection;
    state = connection.state;
    const { collectionUuid } = await preflight(sms, state);
    yield ok('mongodb', 'a replica set or sharded cluster, with all privileges the worker needs');
    if (collectionUuid === null) {
      yield note(
        'collection',
        `${sms.namespace} does not exist yet: if the platform writes elsewhere, correct MONGODB_DATABASE and MONGODB_COLLECTION`,
      );
    } else {
      yield ok('collection', `${sms.namespace} exists`);
    }
  } catch (thrown) {
    const error = toError(thrown);
    yield failed(
      'mongodb',
      error instanceof ConfigurationError
        ? error.message
        : `it does not answer: ${error.message}; check MONGODB_URI, or start MongoDB`,
    );
    return;
  }
  yield await makeListIndexes(state);
  const { rememberMs } = config.notify;
  const readers = createStateReaders({ state, rememberMs, logger: silentLogger });
  const oldest = await readers.oldestOplogEntryAt().catch(() => null);
  yield oldest === null
    ? note(
        'oplog',
        'not readable, so it is unknown how far it reaches back (docs/operations.md shows the privilege to grant)',
      )
    : ok('oplog', `reaches back ${duration(Date.now() - oldest.getTime())}`);
  yield whoWorks(await readOverview(state), takesFromTopic(session));
}

/** @param isGroup by the settings, workers take statuses from a topic */
function whoWorks({ leases, topicWorkers }: Overview, isGroup: boolean): Finding {
  const check = 'worker';
  const holder = leases.find(({ isHeld }) => isHeld);
  if (holder !== undefined) {
    const worker = holder.worker ?? 'one';
    return isGroup
      ? note(check, `${worker} is active on the change stream: until it ends, the others stand by`)
      : ok(check, `${worker} is active`);
  }
  if (topicWorkers === 0) return note(check, 'none is active: start one');
  const active = `${several(topicWorkers, 'worker')} active on the topic`;
  return isGroup
    ? ok(check, active)
    : note(check, `${active}: for its checks, set KAFKA_BROKERS and KAFKA_TOPIC here too`);
}

/** Nobody is kept waiting for them: what is not ready by then is made by the server all the same. */
const INDEX_PATIENCE_MS = 3_000;

async function makeListIndexes(state: StateCollections): Promise<Finding> {
  const check = 'list indexes';
  try {
    await ensureListIndexes(state, [INDEX_PATIENCE_MS, INDEX_PATIENCE_MS]);
    return ok(check, '"list" has the indexes it needs');
  } catch (error) {
    return error instanceof NoAnswerInTime
      ? note(check, 'MongoDB is building the indexes for "list"; until then it can\'t be used')
      : note(check, `the indexes for "list" can't be created: ${toError(error).message}`);
  }
}

/**
 * Every endpoint that is not called. An open breaker is a fault, since it ends when the endpoint is fixed; that one is
 * disabled is what its receiver asked for, and may last.
 */
async function* checkEndpoints({ mongo }: Session): AsyncGenerator<Finding> {
  const blocked = [...(await readBlockedEndpoints((await mongo()).state)).values()];
  if (blocked.length === 0) {
    yield ok('endpoints', 'none is disabled, and no breaker is open');
    return;
  }
  const disabled = blocked.filter(({ kind }) => kind === 'endpoint_disabled');
  for (const each of disabled.slice(0, SHOWN)) {
    yield note('endpoints', (times) => endpointLine(each, times));
  }
  if (disabled.length > SHOWN) {
    yield note(
      'endpoints',
      `${several(disabled.length, 'endpoint')} disabled in all: "endpoints list" shows them`,
    );
  }
  const spared = blocked.filter(({ kind }) => kind === 'breaker_open');
  if (spared.length === 0) return;
  const first = spared.slice(0, SHOWN);
  const more = spared.length - first.length;
  yield failed('endpoints', (times) =>
    [
      ...first.map((each) => endpointLine(each, times)),
      ...(more > 0 ? [`${several(more, 'breaker')} more: "status" shows them.`] : []),
    ].join(' '),
  );
}

function endpointLine(endpoint: OpenBreaker | DisabledEndpoint, times: Times): string {
  return `${endpointText(endpoint)}: ${whyBlocked(endpoint, times)}`;
}

const SHOWN = 10;
