import { constants } from 'node:os';

/** Somebody wants the script to end: Ctrl-C, a closed terminal, a supervisor. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;
  constructor(signal: NodeJS.Signals) {
    super('interrupted');
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** Aborted, with `Interrupted`, by the first sign that the script is to end; later ones change nothing. */
export function onInterruption(): AbortSignal {
  const controller = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => controller.abort(new Interrupted(signal));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  process.on('disconnect', () => interrupt('SIGHUP'));
  process.channel?.unref();
  // A reader that went away (`| head`) must not end us before everything is stopped.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => interrupt('SIGHUP'));
  }
  return controller.signal;
}

/** The promise, unless the signal is aborted first: then rejects with its reason. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined);
  signal.throwIfAborted();
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
