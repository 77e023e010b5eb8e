import type { MongoClient } from 'mongodb';

const AT_ONCE = 10_000;

/** Writes of another application: as many entries of the oplog that a stream has to go through and that concern nobody. */
export async function writeForeignEntries(client: MongoClient, count: number): Promise<void> {
  const noise = client.db('other').collection('noise', { writeConcern: { w: 1 } });
  const documents = Array.from({ length: AT_ONCE }, () => ({}));
  for (let written = 0; written < count; written += AT_ONCE) {
    await noise.insertMany(
      documents.map(() => ({})),
      { ordered: false },
    );
  }
}
