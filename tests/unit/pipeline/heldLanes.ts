import { jest } from '@jest/globals';
import type { Waiting } from '../../../src/pipeline/lane.ts';
import { NoRoom, type Slot } from '../../../src/pipeline/lanes.ts';
import { aLanes } from '../../support/aLanes.ts';

const oneEach = { maxInFlight: 9, maxInFlightPerEndpoint: 1 };

/** Lanes whose calls run until they are released by name. */
export function createHeld(options: Parameters<typeof aLanes>[0] = oneEach) {
  const lanes = aLanes(options);
  const leaving = new AbortController();
  const slots = new Map<string, Slot>();
  const begun: string[] = [];
  const sentAway: string[] = [];
  const wait = async (endpoint: string, name: string, waiting: Waiting): Promise<void> => {
    try {
      slots.set(name, await lanes.take(endpoint, waiting, leaving.signal));
      begun.push(name);
    } catch (reason) {
      if (reason instanceof NoRoom) sentAway.push(name);
    }
  };
  const come = (endpoint: string, name: string, waiting: Waiting = 'news'): void =>
    void wait(endpoint, name, waiting);
  const end = async (name: string): Promise<void> => {
    const slot = slots.get(name);
    slot?.answered();
    slot?.release();
    await pass(0);
  };
  return { lanes, begun, sentAway, come, end, leave: () => leaving.abort() };
}

export const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);
export const names = (letter: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
