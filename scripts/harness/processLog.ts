import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { until } from '../services/until.ts';

/** One line of a JSON log. */
export interface LogLine {
  readonly timestamp: string;
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a process of ours writes, and how it ends. `name` is for messages: `the worker`. */
export function followLog(child: ChildProcessByStdio<null, Readable, Readable>, name: string) {
  const lines: LogLine[] = [];
  let output = '';
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  createInterface({ input: child.stdout }).on('line', (text) => {
    output += `${text}\n`;
    const parsed = parseLine(text);
    if (parsed !== null) lines.push(parsed);
  });
  let ended: Exit | null = null;
  const exit = once(child, 'close').then(([code, signal]: (number | string | null)[]) => {
    ended = { code: code as number | null, signal: signal as NodeJS.Signals | null };
    return ended;
  });
  /** Rejects, with all that was written, if the process ends before. */
  const beforeExit = async <Result>(waiting: Promise<Result>): Promise<Result> =>
    await Promise.race([
      waiting,
      exit.then((how): never => {
        throw new Error(`${name} has ended: ${JSON.stringify(how)}\n${output}`);
      }),
    ]);
  return {
    /** Every line so far. */
    lines: lines as readonly LogLine[],
    /** All that was written to either output so far. */
    output: () => output,
    /** Resolves when it has ended, however. */
    exit,
    hasEnded: () => ended !== null,
    beforeExit,
    /** Resolves with the first line of this event, now or later. Rejects if the process ends before. */
    async line(event: string): Promise<LogLine> {
      const find = (): LogLine | undefined => lines.find((each) => each.event === event);
      return find() ?? (await beforeExit(until(`${name} logs ${event}`, find)));
    },
  };
}

function parseLine(text: string): LogLine | null {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return null;
  }
}
