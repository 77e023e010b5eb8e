import type { Document, MongoClient } from 'mongodb';

/** What becomes of a command. The first two are not carried out; a write with the third is, as any with the last, late. */
export type CommandFault =
  | Readonly<{ errorCode: number }>
  | Readonly<{ closeConnection: true }>
  | Readonly<{ writeConcernError: Readonly<{ code: number; errmsg: string }> }>
  | Readonly<{ blockConnection: true; blockTimeMS: number }>;

export interface FailingCommands extends AsyncDisposable {
  /** Ends the fault, and tells how many commands it struck. */
  lift(): Promise<number>;
}

export interface StruckCommands {
  /** The name of the client they come from. */
  readonly appName: string;
  readonly commands: readonly string[];
  /** Without it, until the fault is lifted. */
  readonly times?: number;
  /** So many are let pass before; then until the fault is lifted. */
  readonly skip?: number;
  /** Of each command to be struck, until the fault is lifted; 1 without it. */
  readonly probability?: number;
}

/**
 * Makes one client's commands fail. A server has one such fault at a time: use a replica set of the test
 * file's own.
 */
export async function failCommands(
  admin: MongoClient,
  { appName, commands, times, skip, probability }: StruckCommands,
  fault: CommandFault,
): Promise<FailingCommands> {
  const configure = async (settings: Document): Promise<number> => {
    const command = { configureFailPoint: 'failCommand', ...settings };
    return Number((await admin.db('admin').command(command))['count']);
  };
  const before = await configure({
    mode: skip === undefined ? modeOf(times, probability) : { skip },
    data: { appName, failCommands: commands, ...fault },
  });
  let struck: number | null = null;
  const lift = async (): Promise<number> => {
    struck ??= (await configure({ mode: 'off' })) - before;
    return struck;
  };
  return {
    lift,
    async [Symbol.asyncDispose]() {
      await lift();
    },
  };
}

function modeOf(times?: number, probability?: number): Document | 'alwaysOn' {
  if (times !== undefined) return { times };
  return probability === undefined ? 'alwaysOn' : { activationProbability: probability };
}
