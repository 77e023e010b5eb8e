import { randomBytes } from 'node:crypto';
import { outcomeClasses, outcomeClassOf, wasCalled } from '../domain/attempt.ts';
import { SPAN_MS, type CountedSpan } from '../domain/countedSpan.ts';
import { DURATION_BUCKETS, durationBucket } from '../domain/durations.ts';
import type { IntegerId } from '../domain/ids.ts';
import type { RecordedWebhook } from '../domain/record.ts';
import { NO_ENDPOINT } from '../ports/retries.ts';
import type { Statistics } from '../ports/statistics.ts';
import { createCondition } from '../runtime/condition.ts';

/** What was taken to be written. */
interface TakenCounts {
  /** Each with all that its span has come to so far. */
  readonly spans: readonly CountedSpan[];
  /** They could not be written, and are to be taken again. */
  putBack(): void;
}

export interface EndpointCounts extends Statistics {
  /** How many have changed since they were taken. */
  changed(): number;
  /** Resolves when there is one. Rejects with the signal's reason. */
  untilChanged(signal: AbortSignal): Promise<void>;
  /** Those that have waited longest. */
  take(atMost: number): TakenCounts;
}

/** Beyond so many endpoints and accounts within a span the rest is counted together. Each takes half a kilobyte. */
const COUNTED_APART = 10_000;

/** Where each figure is in the counts of an entry. */
const places = { delivered: 0, failed: 1, skipped: 2, calls: 3, tookMs: 4 } as const;
const OUTCOMES = 5;
const DURATIONS = OUTCOMES + outcomeClasses.length;
const FIGURES = DURATIONS + DURATION_BUCKETS;
const outcomePlaces: ReadonlyMap<string, number> = new Map(
  outcomeClasses.map((name, index) => [name, OUTCOMES + index]),
);
const buckets = Array.from({ length: DURATION_BUCKETS }, (_, bucket) => String(bucket));

type Name = Pick<CountedSpan, 'of' | 'accountId' | 'webhookId' | 'url'>;

interface Entry {
  readonly id: string;
  readonly startMs: number;
  readonly name: Name;
  readonly counts: Float64Array;
  /** It is among those to be taken. */
  isChanged: boolean;
}

interface Span {
  readonly id: string;
  readonly startMs: number;
  readonly all: Entry;
  /** By the key of the endpoint, the account's id, or what else tells them apart. */
  readonly entries: Map<IntegerId, Entry>;
  others: Entry | null;
}

const all: Name = { of: 'all', accountId: null, webhookId: null, url: null };
const others: Name = { ...all, of: 'others' };

/**
 * Counts in memory: two look-ups and some additions for each attempt. `now`, in milliseconds, is MongoDB's clock. What
 * can't be written is kept for as many endpoints as two spans may have; then the oldest is forgotten.
 */
export function createEndpointCounts(
  now: () => number,
  { countedApart = COUNTED_APART }: { readonly countedApart?: number } = {},
): EndpointCounts {
  const processId = randomBytes(6).toString('base64url');
  const changed = new Set<Entry>();
  const change = createCondition();
  let spans = 0;
  let current: Span | null = null;

  const spanNow = (): Span => {
    const nowMs = now();
    const sinceMs = current === null ? SPAN_MS : nowMs - current.startMs;
    // A clock that is put right a little does not end a span.
    if (current === null || sinceMs >= SPAN_MS || sinceMs < -SPAN_MS) {
      spans += 1;
      current = openSpan(`${processId}:${spans}`, nowMs - (nowMs % SPAN_MS));
    }
    return current;
  };
  const markChanged = (entry: Entry): void => {
    if (entry.isChanged) return;
    entry.isChanged = true;
    if (changed.size >= 2 * countedApart) forgetOldest();
    changed.add(entry);
    if (changed.size === 1) change.check();
  };
  const forgetOldest = (): void => {
    for (const oldest of changed) {
      changed.delete(oldest);
      oldest.isChanged = false;
      return;
    }
  };
  const add = (span: Span, key: IntegerId, name: Name): Entry => {
    if (span.entries.size >= countedApart) {
      return (span.others ??= newEntry(`${span.id}:others`, span.startMs, others));
    }
    const entry = newEntry(`${span.id}:${span.entries.size}`, span.startMs, name);
    span.entries.set(key, entry);
    return entry;
  };
  const entryOfEnd = (span: Span, accountId: IntegerId, webhook: RecordedWebhook | null): Entry => {
    const key = webhook === null ? accountId : keyOf(accountId, webhook);
    return span.entries.get(key) ?? add(span, key, nameOf(accountId, webhook));
  };
  const countAttempt = (entry: Entry, outcome: number, tookMs: number | null): void => {
    const { counts } = entry;
    increase(counts, outcome, 1);
    if (tookMs !== null) {
      increase(counts, places.calls, 1);
      increase(counts, places.tookMs, tookMs);
      increase(counts, DURATIONS + durationBucket(tookMs), 1);
    }
    markChanged(entry);
  };
  const countEnd = (entry: Entry, state: 'delivered' | 'failed' | 'skipped'): void => {
    increase(entry.counts, places[state], 1);
    markChanged(entry);
  };

  return {
    attempted({ accountId, webhook }, outcome) {
      const span = spanNow();
      const place = outcomePlaces.get(outcomeClassOf(outcome)) ?? OUTCOMES;
      const tookMs = wasCalled(outcome) ? outcome.durationMs : null;
      const key = webhook.endpointKey;
      const entry = span.entries.get(key) ?? add(span, key, nameOf(accountId, webhook));
      countAttempt(entry, place, tookMs);
      countAttempt(span.all, place, tookMs);
    },
    notificationEnded({ accountId, webhook = null }, state) {
      const span = spanNow();
      if (accountId !== null) countEnd(entryOfEnd(span, accountId, webhook), state);
      countEnd(span.all, state);
    },
    changed: () => changed.size,
    untilChanged: async (signal) => await change.until(() => changed.size > 0, signal),
    take(atMost) {
      const taken = changed.values().take(atMost).toArray();
      for (const entry of taken) {
        changed.delete(entry);
        entry.isChanged = false;
      }
      return {
        spans: taken.map(toCountedSpan),
        putBack: () => taken.forEach(markChanged),
      };
    },
  };
}

function openSpan(id: string, startMs: number): Span {
  return {
    id,
    startMs,
    all: newEntry(`${id}:all`, startMs, all),
    entries: new Map(),
    others: null,
  };
}

function newEntry(id: string, startMs: number, name: Name): Entry {
  return { id, startMs, name, counts: new Float64Array(FIGURES), isChanged: false };
}

/** Of a webhook that can't be called, or of which only the record is known, there is no key. */
function keyOf(
  accountId: IntegerId,
  { endpointKey, webhookId, displayUrl }: RecordedWebhook,
): string {
  const isKnown = endpointKey !== undefined && endpointKey !== NO_ENDPOINT;
  return isKnown ? endpointKey : `${accountId} ${webhookId} ${displayUrl}`;
}

function nameOf(accountId: IntegerId, webhook: RecordedWebhook | null): Name {
  if (webhook === null) return { of: 'account', accountId, webhookId: null, url: null };
  const { webhookId, displayUrl: url } = webhook;
  return { of: 'endpoint', accountId, webhookId, url };
}

function increase(counts: Float64Array, place: number, by: number): void {
  counts[place] = (counts[place] ?? 0) + by;
}

function toCountedSpan({ id, startMs, name, counts }: Entry): CountedSpan {
  const at = (place: number): number => counts[place] ?? 0;
  return {
    id,
    start: new Date(startMs),
    ...name,
    delivered: at(places.delivered),
    failed: at(places.failed),
    skipped: at(places.skipped),
    attempts: presentIn(counts, OUTCOMES, outcomeClasses),
    calls: at(places.calls),
    tookMs: at(places.tookMs),
    durations: presentIn(counts, DURATIONS, buckets),
  };
}

/** Those that are not 0, by their names. */
function presentIn(
  counts: Float64Array,
  from: number,
  names: readonly string[],
): Record<string, number> {
  const present: Record<string, number> = {};
  for (const [index, name] of names.entries()) {
    const figure = counts[from + index] ?? 0;
    if (figure > 0) present[name] = figure;
  }
  return present;
}
