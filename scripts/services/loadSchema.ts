import { readFile } from 'node:fs/promises';
import { createConnection } from 'mysql2/promise';

/** Runs a file of SQL statements in the database that the URI names, which is made when absent. */
export async function loadSchema(mysqlUri: string, file: string): Promise<void> {
  const target = new URL(mysqlUri);
  const database = decodeURIComponent(target.pathname.slice(1));
  target.pathname = '';
  const connection = await createConnection({ uri: target.href, multipleStatements: true });
  try {
    await connection.query('CREATE DATABASE IF NOT EXISTS ??', [database]);
    await connection.query('USE ??', [database]);
    await connection.query(await readFile(file, 'utf8'));
  } finally {
    await connection.end();
  }
}
