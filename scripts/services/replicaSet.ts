import { MongoClient, type Document, type MongoClientOptions } from 'mongodb';
import { createMongod, type Mongod, type MongodOptions } from './mongod.ts';
import { until } from './until.ts';

const name = 'rs0';

export interface ReplicaSetOptions extends MongodOptions {
  /** 1 by default; 3 for fail-over. */
  readonly members?: number;
  /** How our own commands connect, where `args` ask for TLS. */
  readonly clientOptions?: MongoClientOptions;
}

export interface ReplicaSet {
  readonly uri: string;
  readonly members: readonly Mongod[];
  /** The member that takes writes now; waits for an election. */
  primary(): Promise<Mongod>;
  /** Kills all members and removes their data. */
  close(): Promise<void>;
}

export async function startReplicaSet(options: ReplicaSetOptions = {}): Promise<ReplicaSet> {
  const { members: count = 1, clientOptions = {} } = options;
  const members: Mongod[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(members.map(async (member) => await member.close()));
  };
  const ask = async (member: Mongod, command: Document): Promise<Document> =>
    await askDirectly(member, command, clientOptions);
  const findPrimary = async (): Promise<Mongod | undefined> => {
    for (const member of members.filter((each) => each.isRunning())) {
      const hello = await ask(member, { hello: 1 }).catch((): Document => ({}));
      if (hello['isWritablePrimary'] === true) return member;
    }
    return undefined;
  };
  const primary = async (): Promise<Mongod> =>
    await until('the replica set has a primary', findPrimary, { timeoutMs: 60_000 });

  try {
    for (let index = 0; index < count; index += 1) {
      members.push(await createMongod({ ...options, replicaSet: name }));
    }
    await Promise.all(members.map(async (member) => await member.start()));
    await initiate(members, ask);
    await primary();
  } catch (error) {
    await close();
    throw error;
  }
  const addresses = members.map((member) => member.address).join(',');
  return { uri: `mongodb://${addresses}/?replicaSet=${name}`, members, primary, close };
}

type Ask = (member: Mongod, command: Document) => Promise<Document>;

/** Fails over in about 2 s instead of 10; the heartbeat must then be well below that. */
const settings = { electionTimeoutMillis: 2000, heartbeatIntervalMillis: 500 };

async function initiate(members: readonly Mongod[], ask: Ask): Promise<void> {
  const [first] = members;
  if (first === undefined) throw new Error('a replica set needs a member');
  const hosts = members.map((member, _id) => ({ _id, host: member.address }));
  await ask(first, { replSetInitiate: { _id: name, members: hosts, settings } });
  await Promise.all(
    members.map(
      async (member) =>
        await until(
          `${member.address} is primary or secondary`,
          async () => {
            const hello = await ask(member, { hello: 1 });
            return hello['isWritablePrimary'] === true || hello['secondary'] === true;
          },
          { timeoutMs: 60_000 },
        ),
    ),
  );
}

async function askDirectly(
  member: Mongod,
  command: Document,
  clientOptions: MongoClientOptions,
): Promise<Document> {
  const client = new MongoClient(`mongodb://${member.address}/`, {
    serverSelectionTimeoutMS: 2000,
    ...clientOptions,
    directConnection: true,
  });
  try {
    return await client.db('admin').command(command);
  } finally {
    await client.close();
  }
}
