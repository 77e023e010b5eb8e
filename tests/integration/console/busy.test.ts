import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Route } from '../../../src/console/context.ts';
import {
  as,
  startConsole,
  throughProxy,
  type ConsoleUnderTest,
} from '../../support/consoleUnderTest.ts';

/** Of one person. */
const ADMITTED = 20;
const TOO_MANY = 5;

const opened = Promise.withResolvers<void>();
const slow: Route = {
  method: 'GET',
  path: '/slow',
  role: 'viewer',
  async handle(request) {
    await opened.promise;
    return request.text('made');
  },
};
const act: Route = {
  ...slow,
  method: 'POST',
  path: '/act',
  handle: (request) => request.text('done'),
};
const quick: Route = { ...slow, path: '/quick', handle: (request) => request.text('made') };

let served: ConsoleUnderTest;

beforeAll(async () => {
  served = await startConsole({ settings: throughProxy, routes: [slow, quick, act] });
});

afterAll(async () => {
  opened.resolve();
  await Promise.allSettled(asked);
  await served.close();
});

const asked: Promise<Response>[] = [];

function ask(path: string, name: string): Promise<Response> {
  const url = `http://127.0.0.1:${served.port}${path}`;
  const answer = fetch(url, { headers: as('viewer', name) });
  asked.push(answer);
  return answer;
}

it('serves others and acts while one asks for many pages that take long, and refuses more', async () => {
  const many = Array.from({ length: ADMITTED + TOO_MANY }, () => ask('/slow', 'asha'));
  const refused: Response[] = [];
  for (let left = TOO_MANY; left > 0; left -= 1) {
    const answer = await Promise.race(
      many.map(async (one) => {
        const response = await one;
        if (refused.includes(response)) await opened.promise;
        return response;
      }),
    );
    refused.push(answer);
  }
  for (const answer of refused) {
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(await answer.text()).toContain('Try again in a few seconds.');
  }
  const done = await served.ask('/act', { headers: as('viewer', 'asha'), form: {} });
  expect(done).toMatchObject({ status: 200, body: 'done' });
  const page = await ask('/quick', 'ravi');
  expect(await page.text()).toBe('made');
  opened.resolve();
  const all = await Promise.all(many);
  expect(all.filter(({ status }) => status === 200)).toHaveLength(ADMITTED);
}, 60_000);
