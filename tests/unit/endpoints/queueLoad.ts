import { setImmediate as turn } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { Waiting } from '../../../src/endpoints/queue.ts';
import type { EndpointQueues } from '../../../src/endpoints/queues.ts';
import { someQueues } from '../../support/someQueues.ts';
import { aCalled } from '../../support/builders.ts';

export interface Load {
  readonly maxInFlight: number;
  readonly maxInFlightPerEndpoint?: number;
  readonly freshLimit?: number;
  isBusy?(): boolean;
  /** By endpoint: how long it takes to answer, at a time of the simulated clock, and how often it is called. */
  readonly endpoints: ReadonlyMap<string, LoadedEndpoint>;
  readonly seconds: number;
}

export interface LoadedEndpoint {
  answersAfterMs(sinceStartMs: number): number;
  readonly perSecond: number;
  /** How many in all; without it as many as the time allows. */
  readonly atMost?: number;
}

/** What came of an endpoint's statuses; times are of the simulated clock. */
export interface Served {
  /** From the moment it came to the moment its call began, of each that began from the stream. */
  readonly waitsMs: number[];
  /** How long those were kept that were shed. */
  readonly keptMs: number[];
  came: number;
}

const STEP_MS = 20;
/** Tickets that wait for one endpoint's rows. */
const TICKETS = 8;

/**
 * Statuses that come on a schedule while endpoints take their time; what is shed comes again as a row.
 * Under fake timers: the same each time.
 */
export async function playLoad(load: Load): Promise<ReadonlyMap<string, Served>> {
  const queues = someQueues({ maxInFlightPerEndpoint: 32, ...load });
  const leaving = new AbortController();
  const startedAt = performance.now();
  const nowMs = (): number => performance.now() - startedAt;
  const served = new Map<string, Served>();
  const rows = new Map<string, { left: number; tickets: number }>();

  const call = async (name: string, waiting: Waiting): Promise<'called' | 'shed' | 'stopped'> => {
    const slot = await queues.take(name, waiting, leaving.signal);
    if (slot === 'shed' || slot === 'stopped') return slot;
    const answersAfterMs = load.endpoints.get(name)?.answersAfterMs(nowMs()) ?? 0;
    setTimeout(() => {
      slot.answered();
      queues.ended(aCalled(name), null);
      slot.release();
    }, answersAfterMs);
    return 'called';
  };
  const serveRows = (name: string): void => {
    const due = rows.get(name);
    if (due === undefined) return;
    while (due.left > 0 && due.tickets < TICKETS) {
      due.left -= 1;
      due.tickets += 1;
      const serve = async (): Promise<void> => {
        if ((await call(name, 'scheduled')) !== 'called') return;
        due.tickets -= 1;
        serveRows(name);
      };
      void serve();
    }
  };
  const tell = (name: string, of: Served): void => {
    const cameAt = nowMs();
    of.came += 1;
    const serve = async (): Promise<void> => {
      const came = await call(name, 'fresh');
      if (came === 'called') of.waitsMs.push(nowMs() - cameAt);
      if (came !== 'shed') return;
      of.keptMs.push(nowMs() - cameAt);
      const due = rows.get(name) ?? { left: 0, tickets: 0 };
      due.left += 1;
      rows.set(name, due);
      serveRows(name);
    };
    void serve();
  };

  for (const name of load.endpoints.keys()) {
    served.set(name, { waitsMs: [], keptMs: [], came: 0 });
  }
  for (let passedMs = 0; passedMs < load.seconds * 1_000; passedMs += STEP_MS) {
    for (const [name, { perSecond, atMost = Infinity }] of load.endpoints) {
      const of = served.get(name);
      while (of !== undefined && of.came < Math.min(atMost, (passedMs / 1_000) * perSecond)) {
        tell(name, of);
      }
    }
    callWhatIsDue(queues, rows, passedMs);
    await jest.advanceTimersByTimeAsync(STEP_MS);
  }
  leaving.abort(new Error('the load is over'));
  await turn();
  return served;
}

function callWhatIsDue(
  queues: EndpointQueues,
  rows: ReadonlyMap<string, { readonly left: number; readonly tickets: number }>,
  passedMs: number,
): void {
  if (passedMs % 500 !== 0) return;
  const due = [...rows].filter(([, { left, tickets }]) => left + tickets > 0);
  queues.setDue(new Set(due.map(([name]) => name)));
}

/** So many endpoints of one kind. */
export function endpoints(
  kind: string,
  count: number,
  like: LoadedEndpoint,
): [string, LoadedEndpoint][] {
  return Array.from({ length: count }, (_, index) => [`${kind}-${index + 1}`, like]);
}

/** All waits of the endpoints whose names begin so, in order of length. */
export function waitsOf(served: ReadonlyMap<string, Served>, kind: string): number[] {
  return [...served]
    .filter(([name]) => name.startsWith(kind))
    .flatMap(([, { waitsMs }]) => waitsMs)
    .toSorted((one, other) => one - other);
}

/** The share, from 0 to 1, of an ordered list. */
export function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
