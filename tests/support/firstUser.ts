import { MongoClient } from 'mongodb';

/** Makes the user `root`, who may do everything: as long as there is no user, anybody on this machine may. */
export async function createFirstUser(uri: string, password: string): Promise<void> {
  const nobody = new MongoClient(uri);
  try {
    const user = { createUser: 'root', pwd: password, roles: ['root'] };
    await nobody.db('admin').command(user);
  } finally {
    await nobody.close();
  }
}
