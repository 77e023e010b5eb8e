import { readFileSync } from 'node:fs';
import { readDocumentedRole } from './documentedRole.ts';
import type { TestServers } from './servers.ts';

const password = 'pass-word-of-the-worker';

/**
 * Users on both servers of the tests who may do what the page for operators tells people to grant, in the test
 * file's own databases, and nothing else; the settings by which a worker is one of them.
 */
export async function grantLeast(
  { mongo, mongodbUri, mysql, mysqlUri, database }: TestServers,
  { caFile, readsOplog }: { readonly caFile: string; readonly readsOplog: boolean },
): Promise<Readonly<Record<string, string>>> {
  const admin = mongo.db('admin');
  const { needed, optional } = readDocumentedRole();
  const granted = readsOplog ? [...needed, ...optional] : needed;
  const privileges = granted.map(({ db, collection, actions }) => ({
    resource: { db: db === 'central' ? database : db, collection },
    actions,
  }));
  await admin.command({ createRole: database, privileges, roles: [] });
  await admin.command({ createUser: database, pwd: password, roles: [database] });
  const user = userOf(database);
  await mysql.query('CREATE USER ? IDENTIFIED BY ? REQUIRE SSL', [user, password]);
  for (const table of documentedTables()) await grantSelect({ mysql, database }, table);
  return {
    MONGODB_URI: mongodbUri.replace(/\/\/[^@]*@/, `//${database}:${password}@`),
    MYSQL_URI: mysqlUri.replace(/\/\/[^@]*@/, `//${user}:${password}@`),
    MYSQL_CA_FILE: caFile,
  };
}

/** For a route query that names one more table. */
export async function grantSelect(
  { mysql, database }: Pick<TestServers, 'mysql' | 'database'>,
  table: string,
): Promise<void> {
  await mysql.query('GRANT SELECT ON ??.?? TO ?', [database, table, userOf(database)]);
}

function userOf(database: string): string {
  return database.slice(-32);
}

function documentedTables(): readonly string[] {
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const tables = [...page.matchAll(/^GRANT SELECT ON central\.(\w+) TO 'notify'@'%';$/gm)];
  if (tables.length === 0) throw new Error('docs/operations.md grants nothing on MySQL');
  return tables.map(([, table = '']) => table);
}
