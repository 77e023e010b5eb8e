import { shellText } from './layout.ts';
import type { Stage } from './stage.ts';
import { until } from '../services/until.ts';

export interface Waiting {
  /** Until `ask` gives something truthy; at most `timeoutMs`, and no longer than the demo lives. */
  waitFor<T>(what: string, ask: () => T | Promise<T>, timeoutMs?: number): Promise<NonNullable<T>>;
  /** The document's record, once its notification has ended. */
  recordOf(id: string): Promise<Readonly<Record<string, unknown>>>;
  /** A counter of the worker's `/metrics`, by its `reason`. */
  counter(name: string, reason: string): Promise<number>;
}

const ENDED: readonly unknown[] = ['delivered', 'failed', 'skipped'];

export function createWaiting(stage: Stage, signal: AbortSignal): Waiting {
  const waiting: Waiting = {
    async waitFor<T>(what: string, ask: () => T | Promise<T>, timeoutMs = 15_000) {
      const condition = async (): Promise<{ readonly value: T } | null> => {
        if (signal.aborted) return { value: null as T };
        const value = await ask();
        return value ? { value } : null;
      };
      const { value } = await until(what, condition, { timeoutMs });
      signal.throwIfAborted();
      return value as NonNullable<T>;
    },
    async recordOf(id) {
      let last: unknown;
      const find = async (): Promise<Readonly<Record<string, unknown>> | null> => {
        const document = await stage.sms.findOne({ _id: id });
        const record = document?.['notify_on_delivery'] as Record<string, unknown> | undefined;
        last = record;
        return record !== undefined && ENDED.includes(record['state']) ? record : null;
      };
      try {
        return await waiting.waitFor(`the record of ${id}`, find);
      } catch (cause) {
        if (signal.aborted) throw cause;
        throw new Error(`No record of how ${id} ended came; last seen: ${shellText(last, 60)}`, {
          cause,
        });
      }
    },
    async counter(name, reason) {
      const { httpPort } = await stage.worker.line('started');
      const url = `http://127.0.0.1:${String(httpPort)}/metrics`;
      const text = await (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text();
      const start = `notify_on_delivery_${name}{`;
      const line = text
        .split('\n')
        .find((each) => each.startsWith(start) && each.includes(`reason="${reason}"`));
      return Number(line?.split(' ').at(-1) ?? 0);
    },
  };
  return waiting;
}
