import { randomBytes } from 'node:crypto';
import type { MongoClient, Timestamp } from 'mongodb';

/** MongoDB's smallest oplog. What a recovery needs is not cut off, so checkpoints must come often. */
export const smallOplogArgs: readonly string[] = ['--oplogSize=990', '--syncdelay=1'];

const FILLED_AT_MOST_MB = 3_000;

/**
 * Writes to a server with a small oplog until it no longer holds what it holds now. A real rollover: a
 * faked old position would not be refused by a set so young.
 */
export async function rollOplogOver(client: MongoClient): Promise<void> {
  const oplog = client.db('local').collection('oplog.rs');
  const filler = client.db('filler').collection('filler');
  const { operationTime } = await client.db('admin').command({ ping: 1 });
  const block = randomBytes(1_000_000);
  const isOver = async (): Promise<boolean> => {
    const [first] = await oplog.find().sort({ $natural: 1 }).limit(1).toArray();
    const oldest = first?.['ts'] as Timestamp | undefined;
    return oldest?.greaterThan(operationTime as Timestamp) === true;
  };
  let over = await isOver();
  for (let written = 0; written < FILLED_AT_MOST_MB && !over; written += 10) {
    const blocks = Array.from({ length: 10 }, () => ({ block }));
    await filler.insertMany(blocks, { writeConcern: { w: 1 } });
    over = await isOver();
  }
  await filler.drop();
  if (!over) throw new Error(`the oplog has not rolled over in ${FILLED_AT_MOST_MB} MB`);
}
