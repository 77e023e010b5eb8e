import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { MongoClient, type Document } from 'mongodb';
import { createFirstUser } from './firstUser.ts';
import { startReplicaSet, type ReplicaSet } from '../../scripts/services/replicaSet.ts';

export const password = 'pass-word-of-a-user';

export interface Privilege {
  readonly db: string;
  /** Empty for the database itself. */
  readonly collection: string;
  readonly actions: readonly string[];
}

export interface GuardedReplicaSet {
  /** May do everything. */
  readonly root: MongoClient;
  /** Makes a user who may do just this, and returns the URI to connect as that user. */
  createUser(privileges: readonly Privilege[]): Promise<string>;
  /** The URI of a user whose password is this one. */
  uriOf(user: string, itsPassword: string): string;
  /** The URI without a user. */
  readonly uri: string;
}

/** A replica set of the test file's own that asks who one is. */
export function useGuardedReplicaSet(): () => GuardedReplicaSet {
  const folder = mkdtempSync(join(tmpdir(), 'notify-on-delivery-key-'));
  let set: ReplicaSet | null = null;
  let guarded: GuardedReplicaSet | null = null;
  beforeAll(async () => {
    const keyFile = join(folder, 'key');
    writeFileSync(keyFile, 'keyOfTheMembers'.repeat(2), { mode: 0o400 });
    set = await startReplicaSet({ args: ['--auth', `--keyFile=${keyFile}`] });
    guarded = await guard(set.uri);
  }, 60_000);
  afterAll(async () => {
    await guarded?.root.close();
    await set?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    if (guarded === null) throw new Error('the replica set is there from the first beforeAll on');
    return guarded;
  };
}

async function guard(uri: string): Promise<GuardedReplicaSet> {
  const uriOf = (user: string, itsPassword: string): string =>
    uri.replace('://', `://${user}:${itsPassword}@`);
  await createFirstUser(uri, password);
  const root = new MongoClient(uriOf('root', password));
  let users = 0;
  return {
    root,
    uri,
    uriOf,
    async createUser(privileges) {
      users += 1;
      const [role, user] = [`role-${users}`, `user-${users}`];
      // A role that names several databases can be made in `admin` only.
      const admin = root.db('admin');
      await admin.command({ createRole: role, roles: [], privileges: privileges.map(toCommand) });
      await admin.command({ createUser: user, pwd: password, roles: [role] });
      return uriOf(user, password);
    },
  };
}

function toCommand({ actions, ...resource }: Privilege): Document {
  return { resource, actions };
}
