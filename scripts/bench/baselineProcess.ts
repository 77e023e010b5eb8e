import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../config/packageRoot.ts';
import { newSms } from '../harness/smsPlatform.ts';
import { runCommand } from '../services/command.ts';
import type { Answers, Question, Task } from './baselines/task.ts';
import type { Running } from './contender.ts';
import { COLLECTION, FIRST_ACCOUNT, type Site } from './places.ts';
import { killChild } from './processes.ts';

/** Compiled like the worker, so that no loader of TypeScript is in what is measured. */
export async function buildBaselines(): Promise<void> {
  const args = ['--no-install', 'tsc', '-p', 'tsconfig.bench.json'];
  await runCommand('npx', args, { timeoutMs: 180_000, cwd: packageRoot() });
}

/** The files in `baselines/`. */
export type Baseline = 'naive' | 'gotPost' | 'gotStream' | 'changeStream';

export async function startBaseline(
  baseline: Baseline,
  concurrency: number,
  { mongodbUri, database, urls }: Site,
): Promise<Running> {
  const { _id, _class: _, ...details } = newSms({ deliveryStatus: 'DELIVERED' });
  const task: Task = {
    mongodbUri,
    database,
    collection: COLLECTION,
    urls,
    firstAccount: FIRST_ACCOUNT,
    concurrency,
    body: JSON.stringify({
      'phonon-uuid': details['phononUuid'],
      smsDetails: [{ id: _id, ...details, deliveryTime: new Date() }],
    }),
  };
  const script = join(packageRoot(), `dist/scripts/bench/baselines/${baseline}.js`);
  const child = fork(script, [JSON.stringify(task)], { execArgv: [] });
  const ended = once(child, 'exit').then((): never => {
    throw new Error(`the baseline ${baseline} has ended by itself`);
  });
  ended.catch(() => undefined);
  const answer = async (): Promise<unknown> => {
    const [value] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
    return value;
  };
  const ask = async <Kind extends keyof Answers>(kind: Kind): Promise<Answers[Kind]> => {
    child.send({ kind });
    return (await answer()) as Answers[Kind];
  };
  // It is ready.
  await answer();
  if (child.pid === undefined) throw new Error('the baseline has no process');
  return {
    pid: child.pid,
    post: (count) => void child.send({ kind: 'post', count } satisfies Question),
    async count() {
      const count = await ask('count');
      return { calls: count, notifications: count };
    },
    arrivals: async () => new Map(await ask('arrivals')),
    [Symbol.asyncDispose]: async () => await killChild(child),
  };
}
