import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Attempt, AttemptError, AttemptOutcome } from '../../domain/attempt.ts';
import { onAbort, Stopping } from '../../runtime/abort.ts';
import { toError } from '../../runtime/errors.ts';
import type { Metrics } from '../../ports/telemetry.ts';
import type { Share } from '../../runtime/readingRoom.ts';
import type { ResolveHost } from '../addresses.ts';
import {
  type BatchToThread,
  type FromThread,
  joinBodies,
  steadyMs,
  type ThreadOptions,
  toCallMessage,
  toOutcome,
  type ToThread,
} from './messages.ts';
import { createOutbox } from './outbox.ts';

/** How a thread ended. */
export type ThreadEnd = Readonly<{
  /** `hung`: one of its calls took far too long. */
  cause: Parameters<Metrics['httpThreadEnded']>[0];
  error?: Error;
  /** The number of calls in progress when it ended. */
  calls: number;
}>;

export interface CallThread {
  /** The number of calls in progress. */
  readonly load: number;
  /** See `WebhookSender`. If the thread ends during a call, the call is unanswered. */
  make(attempt: Attempt, by: CallBy): Promise<AttemptOutcome>;
  /** Call this at a steady rate while this process runs. A call that has seen `overdueTicks` ticks is overdue. */
  tick(overdueTicks: number): void;
  /** Also ends running calls. */
  close(): Promise<void>;
}

type CallBy = Readonly<{
  startedAt: Date;
  signal: AbortSignal;
  share: Share;
  mayBegin: () => boolean;
}>;

export interface CallThreadOptions {
  readonly options: ThreadOptions;
  readonly resolveHost: ResolveHost;
  /** Replaces the usual entry file. */
  readonly entry?: string;
  /** Called once, unless the thread was closed. */
  onEnd(end: ThreadEnd): void;
}

interface Running extends Pick<CallBy, 'startedAt' | 'share' | 'mayBegin'> {
  readonly attempt: Attempt;
  readonly startedMs: number;
  /** The tick at which it was handed over. */
  readonly tick: number;
  resolve(outcome: AttemptOutcome): void;
  reject(reason: Error): void;
}

const defaultEntry = fileURLToPath(
  new URL(`./threadMain${extname(import.meta.url)}`, import.meta.url),
);

/** If a thread needs more, V8 ends the thread and not the process. A call uses a tenth of its share. */
const HEAP_MB = 192;
const CALLS_PER_HEAP_MB = 4;
/** Half of the main thread's with `npm start`. A thread then takes 40 MB less, and a few per cent more CPU time. */
const YOUNG_GENERATION_MB = 48;

/** One thread that makes calls. In both directions, all messages of one turn of the event loop are sent together. */
export function startCallThread(given: CallThreadOptions): CallThread {
  const { options, resolveHost, entry = defaultEntry, onEnd } = given;
  // Otherwise V8 would apply the command line's value to the thread. The main thread's heap keeps its size.
  setFlagsFromString('--max-semi-space-size=0');
  const worker = new Worker(entry, {
    name: 'calls',
    workerData: options,
    resourceLimits: {
      maxOldGenerationSizeMb: HEAP_MB + Math.ceil(options.maxInFlight / CALLS_PER_HEAP_MB),
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
    },
  });
  const running = new Map<number, Running>();
  let bodies: Uint8Array[] = [];
  let sinceMs = 0;
  let made = 0;
  let ticks = 0;
  let isOver = false;

  const outbox = createOutbox<ToThread>((messages) => {
    const batch: BatchToThread = { messages, bodies: joinBodies(bodies), sinceMs };
    bodies = [];
    worker.postMessage(batch, [batch.bodies.buffer]);
  });
  const take = (id: number): Running | undefined => {
    const call = running.get(id);
    running.delete(id);
    return call;
  };
  const hand = (id: number, { attempt, startedAt, share }: Running): void => {
    if (bodies.length === 0) sinceMs = steadyMs();
    bodies.push(attempt.body);
    outbox.add(toCallMessage(id, { ...attempt, startedAt }, share.freeBytes));
  };
  const handAgain = (id: number): void => {
    const call = running.get(id);
    if (call === undefined) return;
    if (!call.mayBegin()) {
      take(id)?.reject(new Stopping());
      return;
    }
    // It begins only now, after those that have begun since.
    const begun = { ...call, tick: ticks };
    running.delete(id);
    running.set(id, begun);
    hand(id, begun);
  };
  const ask = (id: number, bytes: number): void => {
    const granted = (): void => outbox.add(['granted', id]);
    const cut = (): void => outbox.add(['cut', id]);
    if (running.get(id)?.share.ask(bytes, { granted, cut }) === true) granted();
  };
  const lookUp = async (id: number, host: string): Promise<void> => {
    try {
      outbox.add(['found', id, [...(await resolveHost(host))]]);
    } catch (thrown) {
      const error: Error & { code?: unknown; syscall?: unknown } = toError(thrown);
      outbox.add(['notFound', id, error.message, error.code, error.syscall]);
    }
  };
  const receive = (message: FromThread): void => {
    switch (message[0]) {
      case 'late':
        handAgain(message[1]);
        return;
      case 'ask':
        ask(message[1], message[2]);
        return;
      case 'lookUp':
        void lookUp(message[1], message[2]);
        return;
      case 'answered':
      case 'unanswered': {
        const call = take(message[1]);
        if (call === undefined) return;
        if (message[0] === 'answered' && message[11] !== null) call.share.keep(message[11]);
        call.resolve(toOutcome(message, call.startedAt));
      }
    }
  };
  /** The calls end unanswered, because the receivers may have got them. */
  const end = (error: AttemptError): void => {
    isOver = true;
    for (const { resolve, startedAt, startedMs } of running.values()) {
      const durationMs = Math.round(performance.now() - startedMs);
      resolve({ startedAt, durationMs, kind: 'unanswered', error });
    }
    running.clear();
  };
  const fail = (cause: ThreadEnd['cause'], thrown?: unknown): void => {
    if (isOver) return;
    const calls = running.size;
    end(cause === 'hung' ? 'timeout' : 'network_error');
    onEnd({ cause, calls, ...(thrown !== undefined && { error: toError(thrown) }) });
  };
  worker.on('message', (messages: readonly FromThread[]) => {
    if (!isOver) for (const message of messages) receive(message);
  });
  // Remaining answers may arrive between its error and its exit.
  let thrown: unknown;
  worker.on('error', (error: unknown) => (thrown = error));
  worker.on('exit', () => {
    if (thrown === undefined) fail('exited');
    else fail(isOutOfMemory(thrown) ? 'out_of_memory' : 'error', thrown);
  });

  return {
    get load() {
      return running.size;
    },
    make: (attempt, { signal, ...by }) =>
      new Promise((resolve, reject) => {
        const id = (made += 1);
        const forgetAbort = onAbort(signal, (reason) => {
          if (take(id) === undefined) return;
          outbox.add(['abort', id]);
          reject(reason);
        });
        const call: Running = {
          attempt,
          startedAt: by.startedAt,
          share: by.share,
          mayBegin: by.mayBegin,
          startedMs: performance.now(),
          tick: ticks,
          resolve(outcome) {
            forgetAbort();
            resolve(outcome);
          },
          reject(reason) {
            forgetAbort();
            reject(reason);
          },
        };
        running.set(id, call);
        hand(id, call);
      }),
    tick(overdueTicks) {
      ticks += 1;
      const [oldest] = running.values();
      if (oldest === undefined || ticks - oldest.tick <= overdueTicks) return;
      fail('hung');
      void worker.terminate();
    },
    async close() {
      end('connection_reset');
      await worker.terminate();
    },
  };
}

function isOutOfMemory(error: unknown): boolean {
  return Error.isError(error) && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
