import { inspect } from 'node:util';
import { until } from '../services/until.ts';
import type { Narrator } from './narrator.ts';
import type { Platform } from './platform.ts';
import type { Checks, ReceivedRequest, Report, SceneReport } from './report.ts';
import type { Stage } from './stage.ts';

export interface SceneTools extends ReturnType<typeof createWaiting> {
  readonly stage: Stage;
  readonly narrator: Narrator;
  readonly platform: Platform;
  readonly checks: Checks;
  /** Where samples go. */
  readonly scene: SceneReport;
  readonly report: Report;
}

/** A story with its own account, flow and webhook. */
export interface Scene {
  readonly name: string;
  readonly title: string;
  play(tools: SceneTools): Promise<void>;
}

export function sampleOf({ method, path, headers, json }: ReceivedRequest) {
  return { method, path, headers: { ...headers }, body: json() };
}

const ENDED: readonly unknown[] = ['delivered', 'failed', 'skipped'];

export function createWaiting({ sms, worker }: Stage, signal: AbortSignal) {
  /** Until `ask` gives something truthy, and no longer than the demo lives. */
  const waitFor = async (what: string, ask: () => unknown, timeoutMs = 15_000): Promise<void> => {
    await until(what, async () => signal.aborted || Boolean(await ask()), { timeoutMs });
    signal.throwIfAborted();
  };
  return {
    waitFor,
    /** The document's record, once its notification has ended. */
    async recordOf(id: string): Promise<Readonly<Record<string, unknown>>> {
      let record: Readonly<Record<string, unknown>> = {};
      await waitFor(`the record of ${id}`, async () => {
        const document = await sms.findOne({ _id: id });
        record = (document?.['notify_on_delivery'] ?? {}) as typeof record;
        if (ENDED.includes(record['state'])) return true;
        throw new Error(`last seen: ${inspect(record)}`);
      });
      return record;
    },
    /** How many statuses the worker's `/metrics` count as passed over for this reason. */
    async passedOver(reason: string): Promise<number> {
      const { httpPort } = await worker.line('started');
      const url = `http://127.0.0.1:${String(httpPort)}/metrics`;
      const text = await (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text();
      const name = 'notify_on_delivery_not_notified_total';
      const sample = new RegExp(`^${name}{.*"${reason}".* (\\d+)$`, 'm').exec(text);
      return Number(sample?.[1] ?? 0);
    },
  };
}
