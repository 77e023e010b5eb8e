import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { findProgram } from '../../../scripts/services/command.ts';
import type { Vectors } from '../../../scripts/receiverKit/vectors.ts';
import { bodyProblems, headerProblems } from '../../support/notificationSchema.ts';
import { pythonPackages } from '../../support/pythonPackages.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';

const examples = join(packageRoot(), 'examples');
const vectorsFile = join(examples, 'vectors.json');
const { secret } = JSON.parse(readFileSync(vectorsFile, 'utf8')) as Vectors;

/** An example, run as its first lines say. */
interface Example {
  readonly name: string;
  readonly command: readonly [program: string, ...args: readonly string[]];
  /** Whether it needs the packages of its `requirements.txt`. */
  readonly needsPackages?: boolean;
  /** Where the first start fetches what it is made of. */
  readonly beginsWithinMs?: number;
}

const receivers: readonly Example[] = [
  { name: 'express', command: [process.execPath, 'receiver.mjs'] },
  { name: 'flask', command: ['python3', 'receiver.py'], needsPackages: true },
  { name: 'fastapi', command: ['python3', 'receiver.py'], needsPackages: true },
  { name: 'java', command: ['java', 'Receiver.java'] },
  { name: 'spring', command: ['mvn', '-q', '-B', 'spring-boot:run'], beginsWithinMs: 240_000 },
  { name: 'go', command: ['go', 'run', '.'] },
  { name: 'php', command: ['php', '-S', '127.0.0.1:0', 'receiver.php'] },
];

interface Finished {
  readonly code: number;
  readonly output: string;
}

/** Runs the sender to its end. */
async function send(...args: readonly string[]): Promise<Finished> {
  const child = spawn(process.execPath, [join(examples, 'send.mjs'), ...args], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const read = collect(child);
  const [code] = (await once(child, 'close')) as [number];
  return { code, output: read() };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  return () => text;
}

/** What it needs of an environment; a text says why it can't be run. */
async function environmentOf({
  name,
  command: [program],
  needsPackages = false,
}: Example): Promise<Readonly<Record<string, string>> | string> {
  const isThere = program === process.execPath || (await findProgram([program])) !== null;
  if (!isThere) return `there is no ${program}`;
  if (!needsPackages) return {};
  return await pythonPackages(join(examples, name, 'requirements.txt')).then(
    (folder) => ({ PYTHONPATH: folder }),
    (error: unknown) => String(error),
  );
}

const running: ChildProcess[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) {
    // With what it has started, which is what runs under `go run`.
    if (child.pid !== undefined) process.kill(-child.pid);
    await once(child, 'close');
  }
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

interface RunningExample {
  readonly url: string;
  /** What it has printed of calls that were genuine, by the first word. */
  said(): Readonly<Record<string, readonly string[]>>;
}

async function start(
  { name, command: [program, ...args], beginsWithinMs = 45_000 }: Example,
  environment: Readonly<Record<string, string>>,
): Promise<RunningExample> {
  const store = await mkdtemp(join(tmpdir(), 'notify-on-delivery-receiver-'));
  folders.push(store);
  const child = spawn(program, args, {
    cwd: join(examples, name),
    detached: true,
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      GOTOOLCHAIN: 'local',
      PYTHONDONTWRITEBYTECODE: '1',
      PORT: '0',
      WEBHOOK_SECRET: secret,
      WEBHOOK_STORE: store,
      ...environment,
    },
  });
  running.push(child);
  const read = collect(child);
  const listens = (): string | null => {
    if (child.exitCode !== null) throw new Error(read());
    return /(?:port |127\.0\.0\.1:)(?<port>[1-9]\d+)/.exec(read())?.groups?.['port'] ?? null;
  };
  const port = await until(`${name} listens`, listens, { timeoutMs: beginsWithinMs });
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    said: () =>
      Object.groupBy(
        read()
          .split('\n')
          .filter((line) => /^(?:status|older|repeat|flow) /.test(line)),
        (line) => line.split(' ', 1)[0] ?? '',
      ) as Readonly<Record<string, readonly string[]>>,
  };
}

const counts = (said: Readonly<Record<string, readonly string[]>>): object =>
  Object.fromEntries(Object.entries(said).map(([word, lines]) => [word, lines.length]));

describe.each(receivers)('the example for $name, where that is installed', (example) => {
  it('takes what is genuine, once, and nothing else', async () => {
    const environment = await environmentOf(example);
    if (typeof environment === 'string') {
      console.log(`the example for ${example.name} was not run: ${environment}`);
      return;
    }
    const receiver = await start(example, environment);
    expect(await send(receiver.url, '--secret', secret)).toMatchObject({
      output: expect.not.stringContaining('WRONG'),
      code: 0,
    });
    const first = await fetch(receiver.url, { method: 'POST', body: '{"phonon-uuid":"u"}' });
    expect(first.status).toBe(204);

    const expected = { status: 5, older: 2, repeat: 1, flow: 1 };
    await until('all is processed', () =>
      Object.values(receiver.said()).flat().length >= 9 ? true : null,
    );
    expect(counts(receiver.said())).toEqual(expected);
    const { status = [], older = [], repeat = [] } = receiver.said();
    expect(status.every((line) => line.endsWith(' DELIVERED'))).toBe(true);
    expect(older.every((line) => line.endsWith(' SENT'))).toBe(true);
    const [repeated] = /test-[\da-f-]+/.exec(repeat[0] ?? '') ?? [];
    expect(status.filter((line) => line.includes(String(repeated)))).toHaveLength(1);
  }, 300_000);

  it('agrees with the vectors, and answers a repeat, by a clock that it trusts less', async () => {
    const environment = await environmentOf(example);
    if (typeof environment === 'string') return;
    const receiver = await start(example, { ...environment, WEBHOOK_TOLERANCE: '99999999999' });
    expect(await send(receiver.url, '--vectors', vectorsFile)).toMatchObject({
      output: expect.not.stringContaining('WRONG'),
      code: 0,
    });
    await until('all is processed', () =>
      Object.values(receiver.said()).flat().length >= 5 ? true : null,
    );
    expect(counts(receiver.said())).toEqual({ status: 4, repeat: 1 });
    expect(receiver.said()['status']).toContain('status a b/ü:1 NOT.DELIVERED');
  }, 300_000);
});

describe('the sender', () => {
  let receiver: Receiver | null = null;
  const careless = async (): Promise<Receiver> => {
    receiver = await startReceiver();
    return receiver;
  };
  afterEach(async () => {
    await receiver?.close();
    receiver = null;
  });

  it('finds out a receiver that takes everything', async () => {
    const { code, output } = await send((await careless()).url(), '--secret', secret);
    const wrong = output.split('\n').filter((line) => line.startsWith('WRONG'));
    expect(wrong).toEqual([
      'WRONG  a body that was changed after it was signed: 200, expected 4xx',
      'WRONG  signed with another secret: 200, expected 4xx',
      'WRONG  not signed: 200, expected 4xx',
      'WRONG  a good signature, an hour old: 200, expected 4xx',
    ]);
    expect(code).toBe(1);
  });

  it.each([
    ['redirects', { status: 302 }, '302'],
    ['ends the connection', { fault: 'reset' }, 'no answer: '],
  ] as const)('finds out a receiver that %s', async (_what, answer, shown) => {
    const { url, answer: answerWith } = await careless();
    answerWith('/', answer);
    const { code, output } = await send(url());
    expect(output).toContain(`WRONG  a delivery status: ${shown}`);
    expect(output).toContain('6 of 6 answers are not as expected.');
    expect(code).toBe(1);
  });

  it('calls as the documents for receivers say, with what belongs to the webhook', async () => {
    const { port, requests } = await careless();
    const target = `http://us%40er:pass@127.0.0.1:${port}/hooks?token=1`;
    expect(await send(target, '--header', 'X-Customer: c-51')).toMatchObject({ code: 0 });
    const calls = requests('/hooks');
    expect(calls).toHaveLength(6);
    for (const call of calls) {
      expect([...headerProblems(call.headers), ...bodyProblems(call.json())]).toEqual([]);
      expect(call.path).toBe('/hooks?token=1');
      expect(call.headers).toMatchObject({
        authorization: `Basic ${Buffer.from('us@er:pass').toString('base64')}`,
        'x-customer': 'c-51',
      });
    }
    const [first, second] = calls;
    expect(second?.body).toEqual(first?.body);
    expect([first, second].map((call) => call?.headers['webhook-attempt'])).toEqual(['1', '2']);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  });

  it.each([[[]], [['no url']], [['http://a', 'http://b']], [['http://a', '--header', 'none']]])(
    'is not used like %j',
    async (args) => {
      const { code, output } = await send(...args);
      expect(output).toContain('Usage: node send.mjs <url>');
      expect(code).toBe(2);
    },
  );
});
