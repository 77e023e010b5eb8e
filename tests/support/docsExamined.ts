import type { Collection, Document } from 'mongodb';

interface By {
  readonly appName?: string;
}

/** How many documents of the collection the server went through for what was done meanwhile, by that client. */
export async function docsExamined(
  collection: Pick<Collection, 'db' | 'namespace'>,
  act: () => Promise<unknown>,
  by: By = {},
): Promise<number> {
  return (await examined(collection, act, by)).docs;
}

/** The same, and how many entries of its indexes. */
export async function examined(
  { db, namespace }: Pick<Collection, 'db' | 'namespace'>,
  act: () => Promise<unknown>,
  { appName }: By = {},
): Promise<Readonly<Record<'docs' | 'keys', number>>> {
  const profile = db.collection('system.profile');
  await profile.drop();
  // The server's own would hold a megabyte, and forget the rest.
  await db.createCollection('system.profile', { capped: true, size: 64 * 1024 * 1024 });
  await db.command({ profile: 2 });
  try {
    await act();
  } finally {
    await db.command({ profile: 0 });
  }
  const by = appName === undefined ? {} : { appName };
  const done = await profile.find({ ns: namespace, ...by }).toArray();
  const sumOf = (field: string): number =>
    done.filter((each) => !isStream(each)).reduce((sum, each) => sum + Number(each[field] ?? 0), 0);
  return { docs: sumOf('docsExamined'), keys: sumOf('keysExamined') };
}

/** A change stream goes through the oplog, whoever has written there. */
function isStream(entry: Document): boolean {
  const { pipeline = [] } = (entry['originatingCommand'] ?? entry['command'] ?? {}) as Document;
  return JSON.stringify(pipeline[0] ?? null).includes('$changeStream');
}
