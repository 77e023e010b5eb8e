import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { createBusyLoop } from '../../../src/runtime/busyLoop.ts';

function workFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

it('tells a loop with nothing to do from one without a moment to spare', async () => {
  const isBusy = createBusyLoop();
  expect(isBusy()).toBe(false);
  await sleep(300);
  expect(isBusy()).toBe(false);
  workFor(300);
  await sleep(0);
  expect(isBusy()).toBe(true);
  await sleep(300);
  expect(isBusy()).toBe(false);
});

it('looks at the loop once in a quarter of a second only', async () => {
  const isBusy = createBusyLoop();
  workFor(300);
  await sleep(0);
  expect(isBusy()).toBe(true);
  expect(isBusy()).toBe(true);
});
