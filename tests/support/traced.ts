import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import type { Collector } from '../../scripts/services/collector/startCollector.ts';
import type { EndToEnd } from './endToEnd.ts';
import { markedFields, markedWebhook } from './marked.ts';
import { readMetrics } from './readMetrics.ts';

export const otlpToken = 'MARKEDOTLPTOKEN';

/** The settings of a worker that sends its traces there. */
export function tracingTo({
  endpoint,
}: Pick<Collector, 'endpoint'>): Readonly<Record<string, string>> {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/`,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${otlpToken}`,
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  };
}

export interface TracedAccount {
  readonly accountID: number;
  readonly flowId: number;
  /** Of its webhook, at the receiver. */
  readonly path: string;
}

let accounts = 500;

/** One whose webhook has marked credentials, query, header and secret. */
export async function newAccount(
  { central, receiver }: EndToEnd,
  headers: Readonly<Record<string, string>> = {},
): Promise<TracedAccount> {
  accounts += 1;
  const path = `/traced-${accounts}`;
  const webhook = markedWebhook(receiver.url(path));
  const all = { ...webhook.headers, ...headers };
  await central.optIn(accounts, accounts * 10, { ...webhook, headers: all });
  return { accountID: accounts, flowId: accounts * 10, path };
}

/** An SMS with marked fields gets its status; its id. */
export async function deliverTo(
  { sms }: EndToEnd,
  { accountID, flowId }: TracedAccount,
): Promise<string> {
  const document = newSms({ ...markedFields, accountID, flowId });
  await sms.insertOne(document);
  await setStatus(sms, document._id, 'DELIVERED');
  return document._id;
}

/** What the calls to its webhook had in `traceparent`. */
export function traceparentsTo(
  { receiver }: EndToEnd,
  { path }: TracedAccount,
): readonly unknown[] {
  return receiver.requests(path).map(({ headers }) => headers['traceparent']);
}

export async function metricOf(worker: WorkerProcess, name: string): Promise<number> {
  return (await readMetrics(worker)).get(name) ?? 0;
}
