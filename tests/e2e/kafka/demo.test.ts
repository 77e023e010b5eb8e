import { expect, it } from '@jest/globals';
import type { Report } from '../../../scripts/demo/report.ts';
import { leftBehind, startDemo } from '../../support/demoProcess.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);

it('npm run demo -- --kafka shows workers that share the statuses, die and join', async () => {
  const demo = startDemo(servers(), '--kafka', '--json');
  const exitCode = await demo.exitCode;
  const report = JSON.parse(demo.stdout()) as Report;
  const { scenes, error } = report;
  const failed = scenes.flatMap(({ checks }) => checks.filter(({ ok }) => !ok));
  expect({ exitCode, error, failed }).toEqual({ exitCode: 0, error: undefined, failed: [] });
  expect(scenes.map(({ name, checks }) => [name, checks.length])).toEqual([
    ['sharing', 3],
    ['taking-over', 2],
    ['joining', 3],
    ['clean-stop', 1],
  ]);
  const [sharing, takingOver, joining] = scenes;
  const namesIn = (scene: typeof sharing): unknown => scene?.shares?.map(({ name }) => name);
  expect(namesIn(sharing)).toEqual(['worker 1', 'worker 2', 'worker 3']);
  expect(namesIn(joining)).toEqual(['worker 1', 'worker 3', 'worker 4']);
  // The broker waits for heartbeats: the last one may be a second old.
  expect(takingOver?.takeOverMs).toBeGreaterThan(4_000);
  expect(await leftBehind(servers())).toEqual([]);
}, 300_000);
