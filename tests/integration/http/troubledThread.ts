/** A thread that makes calls, and gets into trouble with those whose path names one. */
import { parentPort } from 'node:worker_threads';
// oxlint-disable-next-line import/no-unassigned-import -- before the listener below, so that calls have begun
import '../../../src/http/threads/threadMain.ts';
import type { BatchToThread } from '../../../src/http/threads/messages.ts';

const troubles: Readonly<Record<string, () => void>> = {
  '/throw': () => {
    throw new Error('a bug');
  },
  '/reject': () => void Promise.reject(new Error('a bug')),
  '/exit': () => process.exit(0),
  '/fill': () => {
    const filled: number[][] = [];
    for (;;) filled.push(Array.from({ length: 10_000 }, Math.random));
  },
  '/hang': () => {
    for (;;);
  },
};

/** Other calls are under way by then. */
const SOON_MS = 100;

parentPort?.on('message', ({ messages }: BatchToThread) => {
  for (const message of messages) {
    const trouble = message[0] === 'call' ? troubles[new URL(message[5]).pathname] : undefined;
    if (trouble !== undefined) setTimeout(trouble, SOON_MS);
  }
});
