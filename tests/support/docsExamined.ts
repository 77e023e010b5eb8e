import type { Collection } from 'mongodb';

/** How many documents of the collection the server went through for what was done meanwhile, by that client. */
export async function docsExamined(
  { db, namespace }: Pick<Collection, 'db' | 'namespace'>,
  act: () => Promise<unknown>,
  { appName }: { readonly appName?: string } = {},
): Promise<number> {
  const profile = db.collection('system.profile');
  await profile.drop();
  await db.command({ profile: 2 });
  try {
    await act();
  } finally {
    await db.command({ profile: 0 });
  }
  const by = appName === undefined ? {} : { appName };
  const done = await profile.find({ ns: namespace, ...by }).toArray();
  return done.reduce((sum, each) => sum + Number(each['docsExamined'] ?? 0), 0);
}
