import { jest } from '@jest/globals';
import type { Slot, Waiting } from '../../../src/endpoints/queue.ts';
import { someQueues } from '../../support/someQueues.ts';

const oneEach = { maxInFlight: 9, maxInFlightPerEndpoint: 1 };

/** Queues whose calls run until they are released by name. */
export function createHeld(options: Parameters<typeof someQueues>[0] = oneEach) {
  const queues = someQueues(options);
  const leaving = new AbortController();
  const slots = new Map<string, Slot>();
  const begun: string[] = [];
  const sentAway: string[] = [];
  const wait = async (endpoint: string, name: string, waiting: Waiting): Promise<void> => {
    const slot = await queues.take(endpoint, waiting, leaving.signal);
    if (slot === 'shed') sentAway.push(name);
    if (slot === 'shed' || slot === 'stopped') return;
    slots.set(name, slot);
    begun.push(name);
  };
  const come = (endpoint: string, name: string, waiting: Waiting = 'fresh'): void =>
    void wait(endpoint, name, waiting);
  const end = async (name: string): Promise<void> => {
    const slot = slots.get(name);
    slot?.answered();
    slot?.release();
    await pass(0);
  };
  return { queues, begun, sentAway, come, end, leave: () => leaving.abort() };
}

export const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);
export const names = (letter: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
