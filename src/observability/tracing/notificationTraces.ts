import {
  type Context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { AttemptOutcome } from '../../domain/attempt.ts';
import type { Notification } from '../../domain/notification.ts';
import type { Tracing } from '../../ports/tracing.ts';
import { attributesOfCall, attributesOfOutcome, OWN } from './attributes.ts';

interface Step {
  readonly name: string;
  readonly fromMs: number;
}

/**
 * A trace for each time that a worker takes a notification up. The first spans are made only when it is known that
 * there is something to notify.
 *
 * @param now in milliseconds, MongoDB's clock
 */
export function createNotificationTraces(tracer: Tracer, now: () => number): Tracing {
  return {
    begin({ notificationId, deliveryStatus }, firstTrace) {
      // Within a trace time goes on evenly, even if the clock is put right.
      const offsetMs = now() - performance.now();
      const nowMs = (): number => offsetMs + performance.now();
      const beganMs = nowMs();
      const before: (Step & { readonly toMs: number })[] = [];
      let root: Span | null = null;
      let children: Context | null = null;
      let step: Step | null = null;
      let call: Span | null = null;

      const open = (): Span => {
        if (root !== null) return root;
        const attributes = {
          [OWN.notificationId]: notificationId,
          [OWN.deliveryStatus]: deliveryStatus,
        };
        const links = linksTo(firstTrace);
        const options = { kind: SpanKind.CONSUMER, startTime: beganMs, attributes, links };
        root = tracer.startSpan('notification', options, ROOT_CONTEXT);
        if (root.isRecording()) children = trace.setSpan(ROOT_CONTEXT, root);
        for (const { name, fromMs, toMs } of before) addChild(name, fromMs, toMs);
        return root;
      };
      const addChild = (name: string, fromMs: number, toMs: number): void => {
        if (children === null) return;
        tracer.startSpan(name, { startTime: fromMs }, children).end(toMs);
      };
      const done = (): void => {
        call?.end(nowMs());
        call = null;
        if (step === null) return;
        const { name, fromMs } = step;
        step = null;
        if (root === null) before.push({ name, fromMs, toMs: nowMs() });
        else addChild(name, fromMs, nowMs());
      };
      const begin = (name: string): void => {
        done();
        step = { name, fromMs: nowMs() };
      };

      return {
        begin(name) {
          // It is evaluated anew: nothing has come of the steps before.
          if (name === 'look-up' && root === null) before.length = 0;
          begin(name);
        },
        done,
        accepted({ accountId, flowId, webhook }) {
          const span = open();
          span.setAttribute(OWN.accountId, String(accountId));
          span.setAttribute(OWN.flowId, String(flowId));
          if (webhook !== null) span.setAttribute(OWN.webhookId, String(webhook.webhookId));
          return traceparentOf(span.spanContext());
        },
        calling(notification: Notification, attempt: number) {
          done();
          const span = open();
          if (children === null) return traceparentOf(span.spanContext());
          const attributes = attributesOfCall(notification.webhook, attempt);
          const options = { kind: SpanKind.CLIENT, startTime: nowMs(), attributes };
          call = tracer.startSpan('POST', options, children);
          return traceparentOf(call.spanContext());
        },
        called(outcome: AttemptOutcome) {
          const { attributes, isError } = attributesOfOutcome(outcome);
          call?.setAttributes(attributes);
          if (isError) call?.setStatus({ code: SpanStatusCode.ERROR });
          done();
        },
        recording(accountId, { state, reason }) {
          begin('record');
          const span = open();
          if (accountId !== null) span.setAttribute(OWN.accountId, String(accountId));
          span.setAttribute(OWN.state, state);
          if (reason !== undefined) span.setAttribute(OWN.reason, reason);
          if (state === 'failed') {
            span.setStatus({ code: SpanStatusCode.ERROR, message: reason ?? state });
          }
        },
        end() {
          done();
          root?.end(nowMs());
        },
      };
    },
  };
}

function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

const traceparentForm = /^00-(?<traceId>[\da-f]{32})-(?<spanId>[\da-f]{16})-(?<flags>[\da-f]{2})$/;

function linksTo(traceparent: string | undefined): Link[] {
  const { traceId, spanId, flags } = traceparentForm.exec(traceparent ?? '')?.groups ?? {};
  if (traceId === undefined || spanId === undefined || flags === undefined) return [];
  return [{ context: { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true } }];
}
