import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openCentralDatabase } from '../../../scripts/harness/centralDatabase.ts';
import { newSms, type SmsDocument } from '../../../scripts/harness/smsPlatform.ts';
import { loadConfig } from '../../../config/loadConfig.ts';
import { routes } from '../../../src/console/routes.ts';
import { mayAct } from '../../../src/console/role.ts';
import { readAlternativeQuery } from '../../../src/installation.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { ensureListIndexes, ensureStateCollections } from '../../../src/mongo/indexes.ts';
import { toError } from '../../../src/runtime/errors.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { createTeardown } from '../../../src/runtime/teardown.ts';
import { openAudit } from '../../../src/support/audit.ts';
import { roles, type Role } from '../../../src/support/consoleRole.ts';
import { findSms } from '../../../src/support/findSms.ts';
import { notificationsOf } from '../../../src/support/notificationList.ts';
import { replaySpan } from '../../../src/support/replayJob.ts';
import { replayOne } from '../../../src/support/replayOne.ts';
import { listRetries, makeRetriesDue } from '../../../src/support/retries.ts';
import { openSession, type Session } from '../../../src/support/session.ts';
import { findSmsFacts } from '../../../src/support/smsFacts.ts';
import { disableWebhook, enableWebhook, listDisabled } from '../../../src/support/webhooks.ts';
import { readWorkerStatus } from '../../../src/support/workerStatus.ts';
import { pathOf } from '../../support/attackedConsole.ts';
import { as, startConsole, throughProxy } from '../../support/consoleUnderTest.ts';
import { readConsoleRole } from '../../support/documentedRole.ts';
import { useGuardedReplicaSet, type Privilege } from '../../support/mongoUsers.ts';
import { useServers } from '../../support/servers.ts';

const guarded = useGuardedReplicaSet();
const servers = useServers(import.meta.url);
const ACCOUNT = 28;
const phononUuid = 'bd706f90-aa14-47ea-9844-3d1e1123f4ee';
let webhookId = '';

beforeAll(async () => {
  const central = await openCentralDatabase(servers().mysqlUri);
  const url = 'http://127.0.0.1:1/';
  webhookId = String(await central.optIn(ACCOUNT, 200, { url }));
  await central.close();
  const db = guarded().root.db('central');
  const sms = db.collection<SmsDocument>('SMSDetailDocument');
  await sms.createIndex({ phononUuid: 1 });
  const statusAt = new Date();
  await sms.insertOne(
    newSms({
      _id: 'sms-1',
      phononUuid,
      accountID: ACCOUNT,
      deliveryStatus: 'DELIVERED',
      deliveryTime: statusAt,
      notify_on_delivery: {
        ...{ state: 'failed', reason: 'attempts_exhausted', deliveryStatus: 'DELIVERED', statusAt },
        ...{ notificationId: 'sms-1:DELIVERED', attempts: 1, statusCode: 500, response: null },
      },
    }),
  );
  await ensureStateCollections(stateCollections(db));
  await ensureListIndexes(stateCollections(db));
});
beforeEach(clear);

/** Of what acts have left. */
async function clear(): Promise<void> {
  const { retries, jobs, endpoints, sent } = stateCollections(guarded().root.db('central'));
  await Promise.all([
    retries.deleteMany({}),
    jobs.deleteMany({}),
    endpoints.deleteMany({}),
    sent.deleteMany({}),
  ]);
}

type Works = Readonly<Record<string, (session: Session) => Promise<unknown>>>;

const anHour = (): { since: Date; until: Date; accountId: null } => ({
  since: new Date(Date.now() - 3_600_000),
  until: new Date(),
  accountId: null,
});

/** What the pages of each role ask and do. */
const works: Readonly<Record<Role, Works>> = {
  viewer: {
    status: readWorkerStatus,
    find: async (session) => await findSms(session, { kind: 'phononUuid', phononUuid }, 10),
    explain: async (session) => await findSmsFacts(session, 'sms-1'),
    list: async (session) => {
      const query = { ...anHour(), webhookId: null, states: null, after: null };
      return await notificationsOf(session, query, 10);
    },
    'list retries': async (session) => await listRetries(session, {}, 10),
    'list endpoints': listDisabled,
  },
  support: {
    audit: async (session) =>
      await openAudit(session, silentLogger).add({ user: 'asha', what: 'reveal', on: 'sms-1' }),
    'run retries': async (session) => await makeRetriesDue(session, {}, false),
    'send again': async (session) => await replayOne(session, 'sms-1', {}),
    'send many again': async (session) =>
      await replaySpan(session, {
        ...{ span: anHour(), states: ['failed'], perSecond: 10, isDryRun: false, onProgress: null },
      }),
  },
  editor: {
    'disable an endpoint': async (session) => await disableWebhook(session, webhookId, null),
    'enable an endpoint': async (session) => await enableWebhook(session, webhookId),
  },
};

function settingsFor(mongodbUri: string): Record<string, string> {
  return {
    MONGODB_URI: mongodbUri,
    MYSQL_URI: servers().mysqlUri,
    EGRESS_ALLOW_CIDRS: '127.0.0.0/8',
  };
}

/** What becomes of these works with these privileges: `ok`, or what went wrong. */
async function outcomes(
  privileges: readonly Privilege[],
  of: Works,
): Promise<Readonly<Record<string, string>>> {
  const loaded = loadConfig(settingsFor(await guarded().createUser(privileges)));
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const teardown = createTeardown();
  const session = openSession(
    loaded.config,
    {
      version: 'of-a-test',
      alternativeQuery: readAlternativeQuery(),
      stopping: new AbortController().signal,
    },
    teardown,
  );
  const found: Record<string, string> = {};
  for (const [name, work] of Object.entries(of)) {
    found[name] = await work(session).then(
      () => 'ok',
      (error: unknown) => toError(error).message,
    );
  }
  await teardown.run();
  return found;
}

function allOk(of: Works): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(of).map((name) => [name, 'ok']));
}

function upTo(role: Role): Works {
  const names = roles.filter((each) => mayAct(role, each));
  return Object.assign({}, ...names.map((each) => works[each])) as Works;
}

/** Without one action on one collection. */
function without(privileges: readonly Privilege[], less: Right): readonly Privilege[] {
  return privileges
    .map((privilege) => {
      const isIt = privilege.collection === less.collection;
      const actions = privilege.actions.filter((action) => !isIt || action !== less.action);
      return { ...privilege, actions };
    })
    .filter(({ actions }) => actions.length > 0);
}

interface Right {
  readonly action: string;
  readonly collection: string;
}

/** Plots only; the page does without. */
const optional = 'notify_on_delivery_endpoint_stats';

describe.each(roles)('the documented privileges of a console for the role %s', (role) => {
  const { own, all } = readConsoleRole(role);
  const rights: readonly Right[] = own
    .filter(({ collection }) => collection !== optional)
    .flatMap(({ collection, actions }) => actions.map((action) => ({ action, collection })));

  it('are enough for all that the role may', async () => {
    expect(await outcomes(all, upTo(role))).toEqual(allOk(upTo(role)));
  });

  it('are enough for all pages of the role', async () => {
    const settings = { ...settingsFor(await guarded().createUser(all)), ...throughProxy };
    const served = await startConsole({ settings, routes });
    const failed: string[] = [];
    for (const route of routes.filter((each) => each.method === 'GET' && each.role !== 'anyone')) {
      for (const id of ['28', 'sms-1']) {
        const { status, body } = await served.ask(pathOf(route, id), { headers: as(role) });
        if (status >= 500 || /not authorized/i.test(body)) failed.push(`${route.path}: ${status}`);
      }
    }
    await served.close();
    expect(failed).toEqual([]);
  });

  it.each(rights)('has nothing in it that is not needed: $action on $collection', async (right) => {
    expect(await outcomes(without(all, right), upTo(role))).not.toEqual(allOk(upTo(role)));
  });

  it('are not enough for anything of the roles above', async () => {
    const above = roles.filter((each) => !mayAct(role, each));
    for (const each of above) {
      const found = Object.values(await outcomes(all, works[each]));
      expect(found.filter((outcome) => !/not authorized/i.test(outcome))).toEqual([]);
    }
  });
});
