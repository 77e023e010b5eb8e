import { describe, expect, it } from '@jest/globals';
import { cliWith, type CliEnd } from '../support/cli.ts';
import { runByNpm, runCommand } from '../support/commands.ts';
import { useEndToEnd } from '../support/endToEnd.ts';

const e2e = useEndToEnd(import.meta.url);
const settings = () => ({ ...e2e().settings, MYSQL_ADMIN_URI: e2e().servers.mysqlUri });

const command = async (...args: readonly string[]): Promise<CliEnd> =>
  await cliWith(settings(), ...args);

describe('each command', () => {
  const span = ['--since', '2026-01-01', '--until', '2026-01-02', '--dry-run'];

  it.each<[readonly string[], number]>([
    [['setup', 'account', '96', '--enable'], 0],
    [['check', '--account', '95'], 1],
    [['explain', 'nobody'], 1],
    [['status'], 0],
    [['test', '95'], 1],
    [['retries', 'list'], 0],
    [['replay', ...span], 0],
    [['backfill', ...span], 0],
    [['endpoints', 'list'], 0],
    [['endpoints', 'enable'], 2],
  ])('is a program, for people and for machines: %j', async (args, code) => {
    const [text, json] = await Promise.all([
      runCommand(settings(), args),
      runCommand(settings(), [...args, '--json']),
    ]);
    expect([text.code, json.code]).toEqual([code, code]);
    expect(Object.keys(json.json()).length).toBeGreaterThan(0);
    expect(`${text.stdout}${text.stderr}`).toMatch(/\w/);
  });
});

describe('the command line', () => {
  it('teaches how it is used', async () => {
    const help = await runByNpm(e2e().settings, ['--help']);
    expect(help.code).toBe(0);
    for (const name of ['setup', 'check', 'explain', 'status', 'test', 'retries', 'replay']) {
      expect(help.stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
    const replay = await command('replay', '--help');
    expect(replay.stdout).toMatch(/Examples:/);
    for (const line of `${help.stdout}${replay.stdout}`.split('\n')) {
      expect(line.length).toBeLessThanOrEqual(90);
    }
  });

  it.each([[['nonsense']], [['replay']], [['status', '--what']], [[]]])(
    'is misused by %j',
    async (args) => {
      const end = await command(...args);
      expect(end.code).toBe(2);
      expect(end.stderr).not.toBe('');
    },
  );

  it('is refused without settings, which it names', async () => {
    const end = await cliWith({}, 'status', '--json');
    expect(end.code).toBe(1);
    expect(end.json()['error']).toMatch(/MONGODB_URI is not set.*\n.*MYSQL_URI is not set/s);
  });
});
