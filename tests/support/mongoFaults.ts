import type { MongoClient } from 'mongodb';

/** What becomes of a command. The first two are not carried out; a write with the third is. */
export type CommandFault =
  | Readonly<{ errorCode: number }>
  | Readonly<{ closeConnection: true }>
  | Readonly<{ writeConcernError: Readonly<{ code: number; errmsg: string }> }>;

export interface FailingCommands extends AsyncDisposable {
  /** Ends the fault, and tells how many commands it struck. */
  lift(): Promise<number>;
}

/**
 * Makes commands of the clients named `appName` fail until lifted, or so many times. A server has one such
 * fault at a time: use a replica set of the test file's own.
 */
export async function failCommands(
  admin: MongoClient,
  fault: CommandFault & {
    readonly appName: string;
    readonly commands: readonly string[];
    readonly times?: number;
  },
): Promise<FailingCommands> {
  const { commands: failCommands, times, ...data } = fault;
  const configure = async (mode: unknown): Promise<number> => {
    const answer = await admin.db('admin').command({
      configureFailPoint: 'failCommand',
      mode,
      ...(mode !== 'off' && { data: { failCommands, ...data } }),
    });
    return Number(answer['count']);
  };
  const before = await configure(times === undefined ? 'alwaysOn' : { times });
  let struck: number | null = null;
  const lift = async (): Promise<number> => {
    struck ??= (await configure('off')) - before;
    return struck;
  };
  return {
    lift,
    async [Symbol.asyncDispose]() {
      await lift();
    },
  };
}
