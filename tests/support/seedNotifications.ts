import type { Document } from 'mongodb';
import type { StateCollections } from '../../src/mongo/database.ts';
import { createLedger } from '../../src/mongo/ledger.ts';
import { delivered, failed, skipped } from './mongoRecords.ts';
import { anEnding } from './someEndings.ts';
import { untyped } from './untyped.ts';

/** Minutes of test time. */
export const minuteAt = (minute: number): Date => new Date(Date.UTC(2026, 0, 31, 10, minute));

interface Seed {
  readonly account?: number | null;
  readonly webhook?: number | string | null;
  readonly minute?: number;
  readonly status?: string;
}

type Kind = 'delivered' | 'failed' | 'skipped';

/** An end in the ledger, as the worker writes it. */
export async function seedEnd(
  state: Pick<StateCollections, 'sent'>,
  id: string,
  { kind, account = 28, webhook, minute = 0, status = 'DELIVERED' }: Seed & { kind: Kind },
): Promise<void> {
  const made = { delivered, failed, skipped }[kind](status, { at: 1 });
  const { webhookId: _none, ...rest } = made;
  const record = {
    ...rest,
    statusAt: minuteAt(minute),
    ...(kind === 'skipped' ? {} : { webhookId: webhook ?? 5 }),
  };
  const ledger = createLedger(state.sent, { rememberMs: 3_600_000, clock: Date });
  await ledger.add([anEnding(id, { record, accountId: account })]);
}

/** One that waits, in a row as the worker writes it. */
export async function seedWaiting(
  state: Pick<StateCollections, 'retries'>,
  id: string,
  { account = 28, webhook = 5, minute = 0, status = 'DELIVERED', ...more }: Seed & Document = {},
): Promise<void> {
  await untyped(state.retries).insertOne({
    ...{ _id: `${id}:${status}`, sms: id, deliveryStatus: status, statusAt: minuteAt(minute) },
    ...{ accountId: account, flowId: 200, webhookId: webhook, url: 'http://a.example/' },
    ...{ endpoint: 'endpoint-5', log: { begun: 1 }, acceptedAt: minuteAt(minute), run: null },
    nextAttemptAt: minuteAt(59),
    ...more,
  });
}
