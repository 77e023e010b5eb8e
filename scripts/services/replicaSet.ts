import { MongoClient, type Document, type MongoClientOptions } from 'mongodb';
import { createMongod, type Mongod, type MongodOptions } from './mongod.ts';
import { orClose } from './serverProcess.ts';
import { until } from './until.ts';

const name = 'rs0';
/** Fails over in about 2 s instead of 10; the heartbeat must then be well below that. */
const settings = { electionTimeoutMillis: 2000, heartbeatIntervalMillis: 500 };
const patience = { timeoutMs: 60_000 };

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
  const ask = async ({ address }: Mongod, command: Document): Promise<Document> => {
    await using client = new MongoClient(`mongodb://${address}/`, {
      serverSelectionTimeoutMS: 2000,
      ...clientOptions,
      directConnection: true,
    });
    return await client.db('admin').command(command);
  };
  const findPrimary = async (): Promise<Mongod | undefined> => {
    for (const member of members.filter((each) => each.isRunning())) {
      const hello = await ask(member, { hello: 1 }).catch((): Document => ({}));
      if (hello['isWritablePrimary'] === true) return member;
    }
    return undefined;
  };
  const set = {
    members,
    primary: async () => await until('the replica set has a primary', findPrimary, patience),
    async close() {
      await Promise.all(members.map(async (member) => await member.close()));
    },
  };
  return await orClose(set, async () => {
    const first = await createMongod({ ...options, replicaSet: name });
    members.push(first);
    while (members.length < count) {
      members.push(await createMongod({ ...options, replicaSet: name }));
    }
    await Promise.all(members.map(async (member) => await member.start()));
    const hosts = members.map(({ address }, _id) => ({ _id, host: address }));
    await ask(first, { replSetInitiate: { _id: name, members: hosts, settings } });
    const isMember = async (member: Mongod): Promise<boolean> => {
      const hello = await ask(member, { hello: 1 });
      return hello['isWritablePrimary'] === true || hello['secondary'] === true;
    };
    await Promise.all(
      members.map(async (member) => {
        const what = `${member.address} is primary or secondary`;
        await until(what, async () => await isMember(member), patience);
      }),
    );
    await set.primary();
    const addresses = members.map(({ address }) => address).join(',');
    return { ...set, uri: `mongodb://${addresses}/?replicaSet=${name}` };
  });
}
