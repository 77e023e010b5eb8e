import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Route } from '../../../src/console/context.ts';
import {
  as,
  startConsole,
  throughProxy,
  type ConsoleUnderTest,
} from '../../support/consoleUnderTest.ts';

const ADMITTED = 120;
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
const quick: Route = { ...slow, path: '/quick', handle: (request) => request.text('made') };

let served: ConsoleUnderTest;

beforeAll(async () => {
  served = await startConsole({ settings: throughProxy, routes: [slow, quick] });
});

afterAll(async () => {
  opened.resolve();
  await Promise.allSettled(asked);
  await served.close();
});

const asked: Promise<Response>[] = [];

function ask(path: string): Promise<Response> {
  const answer = fetch(`http://127.0.0.1:${served.port}${path}`, { headers: as('viewer') });
  asked.push(answer);
  return answer;
}

it('serves others while some pages take long, and turns away those who find no place', async () => {
  const long = [ask('/slow'), ask('/slow')];
  const page = await ask('/quick');
  expect(await page.text()).toBe('made');

  const others = Array.from({ length: ADMITTED - long.length + TOO_MANY }, () => ask('/slow'));
  const refused: Response[] = [];
  for (let left = TOO_MANY; left > 0; left -= 1) {
    const answer = await Promise.race(
      others.map(async (other) => {
        const response = await other;
        if (refused.includes(response)) await opened.promise;
        return response;
      }),
    );
    refused.push(answer);
  }
  for (const answer of refused) {
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(await answer.text()).toContain('Nothing was done; try again in a few seconds.');
  }
  opened.resolve();
  const all = await Promise.all([...long, ...others]);
  expect(all.filter(({ status }) => status === 200)).toHaveLength(ADMITTED);
}, 60_000);
