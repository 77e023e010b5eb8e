import type { Connection, RowDataPacket } from 'mysql2/promise';

/** The product and its number, without what the distribution adds: `MariaDB 10.11.6`. */
export async function mysqlVersion(connection: Connection): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version');
  const [number, ...flavour] = String(rows[0]?.['version']).split('-');
  return `${flavour.includes('MariaDB') ? 'MariaDB' : 'MySQL'} ${number}`;
}
