import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { Stopping } from '../../src/runtime/abort.ts';
import type { Route } from '../../src/domain/route.ts';
import { aChange, aDocument, aPosition, aWebhook } from '../support/builders.ts';
import { createFakeRoutes, deferred, reading } from '../support/fakePorts.ts';
import { until } from '../support/until.ts';
import { createWorld, runWorld, type World } from '../support/world.ts';

const COUNT = 200;
/** One text for all, as only what they would take counts here. */
const text = 'x'.repeat(1024 * 1024);
/** What 32 MB hold of documents that take 2 MB with their bodies, and one answer of the database. */
const AT_MOST = 16 + 16;

/** Large documents whose routes nobody knows before `route` is resolved. */
function createHeavy(operation: 'insert' | 'update') {
  const route = deferred<Route>();
  const world = createWorld({ routes: createFakeRoutes(() => route.promise), maxUnacked: COUNT });
  for (let at = 1; at <= COUNT; at += 1) {
    const id = `sms-${at}`;
    const document = aDocument({ _id: id, text });
    world.database.documents.set(id, document);
    const brought = operation === 'insert' ? { document, setFields: {} } : {};
    world.source.append(reading(aChange({ id, operation, ...brought, position: aPosition(at) })));
  }
  return { world, route };
}

const notified = (world: World): number =>
  world.metrics.reported.filter(([method]) => method === 'notificationEnded').length;

describe('documents of 1 MB while nobody knows their routes', () => {
  it.each(['insert', 'update'] as const)(
    'are not begun beyond what memory is meant for, and all are notified in the end: %s',
    async (operation) => {
      const { world, route } = createHeavy(operation);
      const done = runWorld(world.pipeline);
      await until('some are begun', () => world.routes.asked.length >= 15);
      for (let turns = 0; turns < 1_000; turns += 1) await turn();
      const taken = world.routes.asked.length;
      route.resolve({ kind: 'open', webhook: aWebhook() });
      await until('all are notified', () => notified(world) === COUNT);
      world.stopping.abort(new Stopping());
      await done;
      expect(taken).toBeLessThanOrEqual(AT_MOST);
    },
  );
});
