import { afterEach, expect, it } from '@jest/globals';

type Hook = Readonly<{ default: () => Promise<void> }>;
const hook = async (name: string): Promise<Hook['default']> =>
  ((await import(`../support/${name}.mjs`)) as Hook).default;

const { TEST_MONGODB_URI: mongodb = '', TEST_MYSQL_URI: mysql = '' } = process.env;
interface Global {
  testServices?: unknown;
}

afterEach(() => {
  for (const name of ['MONGODB_URI', 'MYSQL_URI']) Reflect.deleteProperty(process.env, name);
});

it('starts servers once, though projects with set-ups of their own ask for them again', async () => {
  // With these, none are started here: it is about who is left to stop them.
  Object.assign(process.env, { MONGODB_URI: mongodb, MYSQL_URI: mysql });
  const startServers = await hook('globalSetup');
  await startServers();
  const { testServices: first } = globalThis as Global;
  expect(first).toBeDefined();
  await startServers();
  expect((globalThis as Global).testServices).toBe(first);
  await (
    await hook('globalTeardown')
  )();
});
