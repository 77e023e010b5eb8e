import { fileURLToPath } from 'node:url';
import type { Connection } from 'mysql2/promise';

/** Asks what `config/route.sql` asks, in the time and with the errors that the table `Befalling` holds. */
export const disturbedQuery = fileURLToPath(
  new URL('../faults/route.befallen.sql', import.meta.url),
);

/** What hits the questions about an account, or about all where it is null: they take long, or fail. */
export const disturbing = [
  'CREATE TABLE Befalling (accountID BIGINT NULL, seconds DOUBLE NOT NULL, errno INT NOT NULL)',
  `CREATE FUNCTION befall(account BIGINT) RETURNS INT READS SQL DATA SQL SECURITY INVOKER
   BEGIN
     DECLARE pause DOUBLE DEFAULT 0;
     DECLARE number INT DEFAULT 0;
     SELECT COALESCE(MAX(seconds), 0), COALESCE(MAX(errno), 0) INTO pause, number FROM Befalling
       WHERE accountID = account OR accountID IS NULL;
     DO SLEEP(pause);
     IF number > 0 THEN SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = number; END IF;
     RETURN 0;
   END`,
] as const;

export async function disturb(
  administrator: Connection,
  account: number | null,
  seconds: number,
  errno = 0,
): Promise<void> {
  await administrator.query('INSERT INTO Befalling VALUES (?, ?, ?)', [account, seconds, errno]);
}

export async function fix(administrator: Connection): Promise<void> {
  await administrator.query('DELETE FROM Befalling');
}
