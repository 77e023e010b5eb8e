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
      `The demo wants an empty database, and "${db.databaseName}" on the server of MONGODB_URI has the collection "${first.name}": set MONGODB_DATABASE to a name that is not in use.`,
    );
  }
  return async () => {
    await db.dropDatabase();
  };
}

/** The same for the database that the URI names. */
export async function claimMysqlDatabase(mysqlUri: string): Promise<GiveBack> {
  const server = new URL(mysqlUri);
  const database = decodeURIComponent(server.pathname.slice(1));
  if (database === '') {
    throw new UnfitDatabase(
      'MYSQL_URI does not name a database: add the name of an empty one to its end.',
    );
  }
  server.pathname = '';
  const ask = async (sql: string, value: unknown): Promise<readonly RowDataPacket[]> => {
    const connection = await createConnection(server.href);
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql, [value]);
      return Array.isArray(rows) ? rows : [];
    } finally {
      await connection.end();
    }
  };
  const tables = async (): Promise<readonly string[]> => {
    const sql = 'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?';
    return (await ask(sql, database)).map((row) => String(row['name']));
  };
  const [first] = await tables();
  if (first !== undefined) {
    throw new UnfitDatabase(
      `The demo wants an empty database, and "${database}" of MYSQL_URI has the table "${first}": name another at the end of MYSQL_URI; it is made when it is missing.`,
    );
  }
  const schemata = 'SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?';
  const wasThere = (await ask(schemata, database)).length > 0;
  return async () => {
    if (!wasThere) await ask('DROP DATABASE ??', database);
    else for (const table of await tables()) await ask('DROP TABLE ??', `${database}.${table}`);
  };
}
