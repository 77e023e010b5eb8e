import type { Collection } from 'mongodb';

/** How many documents of the collection the server went through for what was done meanwhile. */
export async function docsExamined(
  { db, namespace }: Collection,
  act: () => Promise<unknown>,
): Promise<number> {
  const profile = db.collection('system.profile');
  await profile.drop();
  await db.command({ profile: 2 });
  try {
    await act();
  } finally {
    await db.command({ profile: 0 });
  }
  const done = await profile.find({ ns: namespace }).toArray();
  return done.reduce((sum, each) => sum + Number(each['docsExamined'] ?? 0), 0);
}
