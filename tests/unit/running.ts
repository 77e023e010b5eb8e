import type { PlainValue } from '../../src/domain/plainValue.ts';
import { Stopping } from '../../src/runtime/abort.ts';
import { aChange, aDocument, aPosition } from '../support/builders.ts';
import { reading } from '../support/fakePorts.ts';
import { until } from '../support/until.ts';
import { createWorld, runWorld, type World, type WorldOptions } from '../support/world.ts';

/** A world in which `changes` happened, one at each position from 1 on, and their documents are there. */
export function createHappened(
  changes: readonly { readonly id?: string; readonly deliveryStatus?: PlainValue }[],
  options: WorldOptions = {},
): World {
  const world = createWorld(options);
  for (const [index, { id = 'a', deliveryStatus = 'DELIVERED' }] of changes.entries()) {
    const position = aPosition(index + 1);
    world.source.append(reading(aChange({ id, deliveryStatus, position })));
    world.database.documents.set(id, aDocument({ _id: id }));
  }
  return world;
}

/** Has the worker run until `condition`, then stop. */
export async function runUntil(
  world: World,
  what: string,
  condition: () => boolean,
): Promise<void> {
  const done = runWorld(world.pipeline);
  await Promise.race([until(what, condition), done]);
  world.stopping.abort(new Stopping());
  await done;
}

export const savedAt = ({ checkpoints }: World): unknown[] =>
  checkpoints.saved.map(({ opaque }) => opaque);
export const sentIds = ({ sender }: World): string[] =>
  sender.sent.map((attempt) => attempt.notificationId);
export const isCounted = (world: World, count: number) => (): boolean =>
  world.metrics.reported.filter(([method]) => ['notificationEnded', 'notNotified'].includes(method))
    .length === count;
