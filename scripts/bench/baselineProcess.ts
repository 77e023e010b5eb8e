import { fork, type ChildProcess } from 'node:child_process';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../config/packageRoot.ts';
import { newSms } from '../harness/smsPlatform.ts';
import { runCommand } from '../services/command.ts';
import type { Answer, Question, Task } from './baselines/task.ts';
import type { Running } from './contender.ts';
import { killChild } from './killChild.ts';
import { COLLECTION, FIRST_ACCOUNT, type Site } from './site.ts';

/** Compiled like the worker, so that no loader of TypeScript is in what is measured. */
export async function buildBaselines(): Promise<void> {
  const cwd = packageRoot();
  await runCommand('npx', ['--no-install', 'tsc', '-p', 'tsconfig.bench.json'], {
    timeoutMs: 180_000,
    cwd,
  });
}

export async function startBaseline(
  source: URL,
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
  const child = fork(compiled(source), [JSON.stringify(task)], { execArgv: [] });
  await answerOf(child, 'ready');
  if (child.pid === undefined) throw new Error('the baseline has no process');
  const ask = (question: Question): void => void child.send(question);
  return {
    pid: child.pid,
    post: (count) => ask({ kind: 'post', count }),
    async count() {
      ask({ kind: 'count' });
      const { count } = await answerOf(child, 'count');
      return { calls: count, notifications: count };
    },
    async arrivals() {
      ask({ kind: 'arrivals' });
      return new Map((await answerOf(child, 'arrivals')).arrivals);
    },
    async end() {
      await killChild(child);
    },
  };
}

function compiled(source: URL): string {
  const path = relative(packageRoot(), fileURLToPath(source));
  return join(packageRoot(), 'dist', path.replace(/\.ts$/, '.js'));
}

async function answerOf<Kind extends Answer['kind']>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<Answer, { kind: Kind }>> {
  const isWanted = (answer: Answer): answer is Extract<Answer, { kind: Kind }> =>
    answer.kind === kind;
  return await new Promise((resolve, reject) => {
    const onMessage = (answer: Answer): void => {
      if (!isWanted(answer)) return;
      stop();
      resolve(answer);
    };
    const onExit = (): void => {
      stop();
      reject(new Error(`a baseline has ended by itself: ${child.spawnargs.join(' ')}`));
    };
    const stop = (): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}
