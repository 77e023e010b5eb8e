import type { Db } from 'mongodb';
import { createConnection, type RowDataPacket } from 'mysql2/promise';

/** The demo can't have the database it was given; the message says what to give it. */
export class UnfitDatabase extends Error {
  override readonly name = 'UnfitDatabase';
}

/** Empties again what was found empty. */
type GiveBack = () => Promise<void>;

/**
 * The demo writes into the tables and collections that a real worker reads, so on a server that was there
 * before it takes only a database with nothing in it.
 */
export async function claimMongoDatabase(db: Db): Promise<GiveBack> {
  const [first] = await db.listCollections().toArray();
  if (first !== undefined) {
    throw new UnfitDatabase(
      `The demo needs an empty database, but "${db.databaseName}" on the server of MONGODB_URI has the collection "${first.name}": set MONGODB_DATABASE to a name that is not in use.`,
    );
  }
  return async () => void (await db.dropDatabase());
}

const listTables =
  'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?';

/** The same for the database that the URI names. */
export async function claimMysqlDatabase(mysqlUri: string): Promise<GiveBack> {
  const server = new URL(mysqlUri);
  const database = decodeURIComponent(server.pathname.slice(1));
  if (database === '') {
    throw new UnfitDatabase('MYSQL_URI does not name a database: append the name of an empty one.');
  }
  server.pathname = '';
  const ask = async (sql: string, value = database): Promise<readonly RowDataPacket[]> => {
    await using connection = await createConnection(server.href);
    const [rows] = await connection.query<RowDataPacket[]>(sql, [value]);
    return rows;
  };
  const [first] = await ask(listTables);
  if (first !== undefined) {
    throw new UnfitDatabase(
      `The demo needs an empty database, but "${database}" of MYSQL_URI has the table "${first['name']}": name another database at the end of MYSQL_URI. It is created if it does not exist.`,
    );
  }
  const schemata = await ask('SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?');
  return async () => {
    if (schemata.length === 0) await ask('DROP DATABASE ??');
    else
      for (const { name } of await ask(listTables))
        await ask('DROP TABLE ??', `${database}.${name}`);
  };
}
