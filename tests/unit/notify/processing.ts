import { jest } from '@jest/globals';
import type { Change } from '../../../src/domain/change.ts';
import { createProcess } from '../../../src/notify/process.ts';
import type { World } from '../../support/world.ts';

/** Processes a change to its end; whether its status was new. */
export async function handleIn(
  { ctx }: Pick<World, 'ctx'>,
  change: Change,
  ack: () => void = jest.fn(),
): Promise<boolean> {
  const { durable, finished } = createProcess(ctx)(change);
  durable.then(ack, () => undefined);
  await finished;
  return await durable;
}
