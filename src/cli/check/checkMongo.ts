import { preflight } from '../../mongo/preflight.ts';
import { readOverview } from '../../mongo/operator/overview.ts';
import type { StateCollections } from '../../mongo/stateCollections.ts';
import { createStateReaders } from '../../mongo/stateReaders.ts';
import { ConfigurationError, toError } from '../../runtime/errors.ts';
import type { Bench } from '../command.ts';
import { silentLogger } from '../silentLogger.ts';
import { duration } from '../words.ts';
import { failed, note, ok, type Finding } from './finding.ts';

/** Reachable, a replica set, the right kind of collection, all privileges; and how far the oplog reaches. */
export async function* checkMongo({ mongo, config }: Bench): AsyncGenerator<Finding> {
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
        `${sms.namespace} does not exist yet: correct MONGODB_DATABASE and MONGODB_COLLECTION if the platform writes elsewhere`,
      );
    } else {
      yield ok('collection', `${sms.namespace} is there`);
    }
  } catch (thrown) {
    const error = toError(thrown);
    yield failed(
      'mongodb',
      error instanceof ConfigurationError
        ? error.message
        : `it does not answer: ${error.message}; correct MONGODB_URI, or start it`,
    );
    return;
  }
  const { rememberMs } = config.notify;
  const readers = createStateReaders({ state, rememberMs, logger: silentLogger });
  const oldest = await readers.oldestOplogEntryAt().catch(() => null);
  yield oldest === null
    ? note(
        'oplog',
        'not readable: how far it reaches back is unknown (docs/operations.md has the right to grant)',
      )
    : ok('oplog', `reaches back ${duration(Date.now() - oldest.getTime())}`);
  const { leases } = await readOverview(state);
  const holder = leases.find(({ isHeld }) => isHeld);
  yield holder === undefined
    ? note('worker', 'none works now: start one with npm start')
    : ok('worker', `${holder.worker ?? 'one'} works`);
}
