import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { TraceMetrics } from '../../ports/telemetry.ts';
import { waitAtMost } from '../../runtime/abort.ts';
import { toError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { createBackoff } from '../../runtime/retry.ts';

/** About 4 MB. */
const QUEUE_SPANS = 4_096;
const BATCH_SPANS = 512;
/** A batch that is not full waits for so long. */
const LINGER_MS = 1_000;
const BACKOFF = { minMs: 1_000, maxMs: 30_000 };
/** An exporter limits its time itself. */
const OVERDUE_MS = 1_000;
const LOG_EVERY_MS = 60_000;
/** For what is left when the worker ends: shorter than the rest of its end may take. */
const CLOSE_MS = 1_000;

export interface SpanQueue extends SpanProcessor {
  /** Sends what is left, for a second at most. */
  close(): Promise<void>;
}

/**
 * Hands ended spans to the exporter, one batch at a time. Whatever the collector does, no more spans are kept than
 * the queue and one batch hold, and nobody waits: the others are dropped and counted. The SDK's own processor neither
 * counts what it drops nor waits longer after each failure.
 */
export function createSpanQueue({
  exporter,
  exportMs,
  metrics,
  logger,
}: {
  readonly exporter: SpanExporter;
  /** The exporter's own limit of time. */
  readonly exportMs: number;
  readonly metrics: TraceMetrics;
  readonly logger: Pick<Logger, 'warn'>;
}): SpanQueue {
  const backoff = createBackoff(BACKOFF);
  const queue: ReadableSpan[] = [];
  let sending: Promise<void> | null = null;
  /** Spans that are being exported. */
  let underWay = 0;
  let timer: NodeJS.Timeout | null = null;
  /** No batch is sent before, by `performance.now()`. */
  let notBeforeMs = 0;
  let droppedUnsaid = 0;
  let saidAtMs = -Infinity;
  let reason = '';
  let isClosed = false;
  /** What is still under way does not count any more. */
  let isOver = false;

  const drop = (cause: Parameters<TraceMetrics['spansDropped']>[0], count: number): void => {
    metrics.spansDropped(cause, count);
    droppedUnsaid += count;
    if (performance.now() - saidAtMs >= LOG_EVERY_MS) say();
  };
  const say = (): void => {
    saidAtMs = performance.now();
    logger.warn('traces_dropped', { spans: droppedUnsaid, reason });
    droppedUnsaid = 0;
  };
  const exportBatch = async (batch: ReadableSpan[]): Promise<Error | null> => {
    let overdue: NodeJS.Timeout | undefined;
    const { code, error } = await new Promise<ExportResult>((resolve) => {
      overdue = setTimeout(() => {
        resolve({ code: ExportResultCode.FAILED, error: new Error('no answer in time') });
      }, exportMs + OVERDUE_MS);
      try {
        exporter.export(batch, resolve);
      } catch (thrown) {
        resolve({ code: ExportResultCode.FAILED, error: toError(thrown) });
      }
    });
    clearTimeout(overdue);
    return code === ExportResultCode.SUCCESS ? null : (error ?? new Error('not exported'));
  };
  const sendOne = async (): Promise<void> => {
    const batch = queue.splice(0, BATCH_SPANS);
    underWay = batch.length;
    const error = await exportBatch(batch);
    if (isOver) return;
    underWay = 0;
    if (error === null) {
      metrics.spansExported(batch.length);
      backoff.reset();
      return;
    }
    reason = reasonOf(error);
    notBeforeMs = performance.now() + backoff.next();
    drop('export_failed', batch.length);
  };
  const send = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    sending ??= sendOne().finally(() => {
      sending = null;
      schedule();
    });
  };
  /** A full batch is sent as soon as it may be. */
  const schedule = (): void => {
    if (isClosed || sending !== null || queue.length === 0) return;
    const backoffMs = notBeforeMs - performance.now();
    if (queue.length >= BATCH_SPANS && backoffMs <= 0) send();
    else timer ??= setTimeout(send, Math.max(LINGER_MS, backoffMs));
  };
  const sendAll = async (): Promise<void> => {
    await sending;
    while (queue.length > 0 && performance.now() >= notBeforeMs) await sendOne();
  };

  return {
    onStart: () => undefined,
    onEnd(span) {
      // Of a call that is still running.
      if (isClosed) drop('stopped', 1);
      else if (queue.length >= QUEUE_SPANS) {
        reason ||= 'the queue is full';
        drop('queue_full', 1);
      } else {
        queue.push(span);
        schedule();
      }
    },
    forceFlush: async () => await waitAtMost(CLOSE_MS, sendAll()),
    shutdown: async () => await Promise.resolve(),
    async close() {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      const ending = sendAll().then(async () => await exporter.shutdown());
      await waitAtMost(
        CLOSE_MS,
        ending.catch(() => undefined),
      );
      isOver = true;
      const left = queue.splice(0).length + underWay;
      if (left > 0) drop('stopped', left);
      if (droppedUnsaid > 0) say();
    },
  };
}

const REASON_LENGTH = 200;

/** Of the cause, where an exporter wraps it. */
function reasonOf(error: Error): string {
  const { code } = error as Error & { readonly code?: string | number };
  const text = error.message === '' ? String(code ?? error.name) : error.message;
  const coded = code === undefined || text.includes(String(code)) ? text : `${text} (${code})`;
  return coded.replaceAll(/\s+/g, ' ').slice(0, REASON_LENGTH);
}
