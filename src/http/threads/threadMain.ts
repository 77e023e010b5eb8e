/** The entry of a thread that makes calls. */
import { parentPort, workerData } from 'node:worker_threads';
import type { LookupAddress } from 'node:dns';
import type { Share } from '../../runtime/readingRoom.ts';
import type { ResolveHost } from '../addresses.ts';
import type { Call } from '../call.ts';
import { createCalls } from '../calls.ts';
import {
  type BatchToThread,
  type FromThread,
  steadyMs,
  type ThreadOptions,
  toCall,
  type ToThread,
  toOutcomeMessage,
} from './messages.ts';
import { createOutbox } from './outbox.ts';

interface Running {
  abort: ((reason: Error) => void) | null;
  reader: Parameters<Share['ask']>[1] | null;
  keptBytes: number | null;
}

type LookedUp = PromiseWithResolvers<readonly LookupAddress[]>;

const { allowedRanges, proxy, handOverMs, ...options } = workerData as ThreadOptions;
const running = new Map<number, Running>();
const lookUps = new Map<number, LookedUp>();
let lookUpsMade = 0;

const outbox = createOutbox<FromThread>((messages) => parentPort?.postMessage(messages, []));

const resolveHost: ResolveHost = async (host) => {
  const id = (lookUpsMade += 1);
  const lookedUp: LookedUp = Promise.withResolvers();
  lookUps.set(id, lookedUp);
  outbox.add(['lookUp', id, host]);
  return await lookedUp.promise;
};

const calls = createCalls({
  ...options,
  egress: { allowedRanges, proxy: proxy === null ? null : new URL(proxy), resolveHost },
});

async function make(id: number, call: Call, freeBytes: number): Promise<void> {
  const state: Running = { abort: null, reader: null, keptBytes: null };
  running.set(id, state);
  const share: Share = {
    freeBytes,
    ask(bytes, reader) {
      state.reader = reader;
      outbox.add(['ask', id, bytes]);
      return false;
    },
    keep(bytes) {
      state.keptBytes = bytes;
    },
    release: () => undefined,
  };
  const onAbort = (abort: (reason: Error) => void): (() => void) => {
    state.abort = abort;
    return () => {
      state.abort = null;
    };
  };
  try {
    const outcome = await calls.make(call, { share, onAbort });
    outbox.add(toOutcomeMessage(id, outcome, state.keptBytes));
  } catch (thrown) {
    if (!(thrown instanceof Aborted)) throw thrown;
  } finally {
    running.delete(id);
  }
}

class Aborted extends Error {
  override readonly name = 'Aborted';
}

function takeBatch({ messages, bodies, sinceMs }: BatchToThread): void {
  let at = 0;
  for (const message of messages) {
    if (message[0] !== 'call') {
      take(message);
      continue;
    }
    const [, id, , , , , , , , bodyBytes, freeBytes] = message;
    const body = bodies.subarray(at, at + bodyBytes);
    at += bodyBytes;
    // Checked for each call: the process may have been paused within this loop and have lost its lease.
    if (steadyMs() - sinceMs > handOverMs) outbox.add(['late', id]);
    else void make(id, toCall(message, body), freeBytes);
  }
}

function take(message: Exclude<ToThread, readonly ['call', ...unknown[]]>): void {
  switch (message[0]) {
    case 'abort':
      running.get(message[1])?.abort?.(new Aborted());
      return;
    case 'granted':
    case 'cut':
      running.get(message[1])?.reader?.[message[0]]();
      return;
    case 'found':
      lookUps.get(message[1])?.resolve(message[2]);
      break;
    case 'notFound': {
      const [, id, text, code, syscall] = message;
      lookUps.get(id)?.reject(Object.assign(new Error(text), { code, syscall }));
      break;
    }
  }
  lookUps.delete(message[1]);
}

parentPort?.on('message', takeBatch);
