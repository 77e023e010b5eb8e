import { beforeEach, describe, expect, it } from '@jest/globals';
import { useConsole } from '../support/useConsole.ts';

const world = useConsole(import.meta.url);
const away = 'mysql://nobody:none@127.0.0.1:1/central';

beforeEach(async () => {
  await world().central.optIn(28, 200, { url: 'https://customer.example/hook' });
});

// The page said that something had failed, with 500, as if it were a bug.
describe('while MySQL is away, the console says so', () => {
  it.each<[string, string, Record<string, string>]>([
    ['a test call', '/accounts/28/test', { deliveryStatus: 'DELIVERED' }],
    ['step 1', '/accounts/28/opt-in', { enabled: 'no' }],
    ['step 3', '/accounts/28/flows', { flowId: '200', enabled: 'no' }],
  ])('of %s', async (_what, path, fields) => {
    const app = world().another({ MYSQL_URI: away, MYSQL_ADMIN_URI: away });
    const page = await app.act(path, fields);
    expect(page.status).toBe(503);
    expect(page.html).toContain('<h1>MySQL does not answer</h1>');
    expect(page.text).toMatch(/MySQL does not answer: .*ECONNREFUSED.*start MySQL\./);
    expect(page.text).not.toContain('Failed');
    expect(app.logger.of('console_request_failed')).toHaveLength(1);
  });
});
