import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import type { Collection } from 'mongodb';
import { packageRoot } from '../../../config/packageRoot.ts';
import { openCentralDatabase } from '../../../scripts/harness/centralDatabase.ts';
import type { SmsDocument } from '../../../scripts/harness/smsPlatform.ts';
import { startMysql } from '../../../scripts/services/mysql.ts';
import { createTeardown } from '../../../src/runtime/teardown.ts';
import { readDocumentedRole } from '../documentedRole.ts';
import { useGuardedReplicaSet } from '../mongoUsers.ts';
import { startReceiver, type Receiver } from '../receiver.ts';

export interface Surroundings {
  readonly sms: Collection<SmsDocument>;
  /** The customer's server, which account 28 has as its webhook, for flow 200. */
  readonly receiver: Receiver;
  /** Those of users with the rights, and the names, of the page for operators. */
  readonly mongodbUri: string;
  readonly mysqlUri: string;
  /** Addresses of these servers, and those that a page shows in their place. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** Both databases, set up as the documents say, and a customer. */
export function useSurroundings(): () => Surroundings {
  const replicaSet = useGuardedReplicaSet();
  const teardown = createTeardown();
  let surroundings: Surroundings | null = null;
  beforeAll(async () => {
    const { root, uri, uriOf } = replicaSet();
    const { needed, optional } = readDocumentedRole();
    const privileges = [...needed, ...optional].map(({ actions, ...resource }) => ({
      resource,
      actions,
    }));
    const admin = root.db('admin');
    const role = 'notifyOnDelivery';
    await admin.command({ createRole: role, privileges, roles: [] });
    await admin.command({ createUser: 'notify', pwd: 'password', roles: [role] });
    const mysql = await startMysql();
    teardown.add('MySQL', mysql.close);
    const central = await openCentralDatabase(mysql.uri);
    teardown.add('the connection', central.close);
    await central.connection.query("CREATE USER 'notify'@'%' IDENTIFIED BY 'password'");
    for (const grant of documentedGrants()) await central.connection.query(grant);
    const receiver = await startReceiver();
    teardown.add('the receiver', receiver.close);
    const secret = `whsec_${Buffer.alloc(24, 'k').toString('base64')}`;
    await central.optIn(28, 200, { url: receiver.url('/hooks/28'), secret });
    surroundings = {
      sms: root.db('central').collection<SmsDocument>('SMSDetailDocument'),
      receiver,
      mongodbUri: `${uriOf('notify', 'password')}&authSource=admin`,
      mysqlUri: `mysql://notify:password@127.0.0.1:${mysql.port}/central`,
      addresses: new Map([
        [new URL(uri).host, '127.0.0.1:27017'],
        [`127.0.0.1:${mysql.port}`, '127.0.0.1:3306'],
        [`127.0.0.1:${receiver.port}`, '127.0.0.1:9000'],
      ]),
    };
  }, 120_000);
  afterAll(async () => {
    await teardown.run();
  });
  return () => {
    if (surroundings === null) throw new Error('only from the first beforeAll on');
    return surroundings;
  };
}

function documentedGrants(): readonly string[] {
  const page = readFileSync(join(packageRoot(), 'docs/operations.md'), 'utf8');
  const grants = [...page.matchAll(/^GRANT SELECT ON central\.\w+ TO 'notify'@'%';$/gm)];
  if (grants.length === 0) throw new Error('docs/operations.md grants nothing on MySQL');
  return grants.map(([grant]) => grant);
}
