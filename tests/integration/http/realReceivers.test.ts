import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { findProgram } from '../../../scripts/services/command.ts';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import { listenLocally } from '../../support/listenLocally.ts';
import { pythonPackages } from '../../support/pythonPackages.ts';
import { createCaller, webhookAt } from './calling.ts';

/** A server as people run it, in a process of its own. */
interface RealReceiver {
  readonly what: string;
  /** Of Python, by `requirements.txt`. */
  readonly needsPackages?: boolean;
  readonly command: readonly string[];
  /** Paths, with what they answer. */
  readonly answers: Readonly<Record<string, readonly [statusCode: number, text: string | null]>>;
}

const file = (name: string): string =>
  fileURLToPath(new URL(`./receivers/${name}`, import.meta.url));
const handled = {
  '/plain': [200, 'ok'],
  '/nothing': [204, null],
  '/announced': [204, null],
  '/longer': [200, 'ok'],
} as const;

const receivers: readonly RealReceiver[] = [
  {
    what: "Python's http.server, HTTP/1.0",
    command: ['python3', file('handler.py'), 'HTTP/1.0'],
    answers: { ...handled, '/lines': [200, 'received\n'] },
  },
  {
    what: "Python's http.server, HTTP/1.1",
    command: ['python3', file('handler.py'), 'HTTP/1.1'],
    answers: { ...handled, '/lines': [200, 'received\n'] },
  },
  {
    what: 'wsgiref',
    command: ['python3', file('wsgi.py')],
    answers: { '/plain': [200, 'ok'], '/nothing': [204, null] },
  },
  {
    what: 'Express',
    command: [process.execPath, file('expressApp.mjs')],
    answers: {
      '/plain': [200, 'ok'],
      '/nothing': [204, null],
      '/object': [200, '{"received":true}'],
      '/nothingButText': [204, null],
      '/chunks': [200, 'ok'],
    },
  },
  {
    what: 'Flask',
    needsPackages: true,
    command: ['python3', file('flaskApp.py')],
    answers: { '/plain': [200, 'ok'], '/nothing': [204, null] },
  },
  {
    what: 'gunicorn',
    needsPackages: true,
    command: ['python3', file('gunicornApp.py')],
    answers: { '/plain': [200, 'ok'], '/nothing': [204, null] },
  },
  {
    what: "Java's HttpServer",
    command: ['java', file('Receiver.java')],
    answers: { '/plain': [200, 'ok'], '/nothing': [204, null], '/chunks': [200, 'ok'] },
  },
  {
    what: "Go's net/http",
    command: ['go', 'run', file('main.go')],
    answers: {
      '/plain': [200, 'ok'],
      '/nothing': [204, null],
      '/chunks': [200, 'ok'],
      '/early': [200, 'ok'],
    },
  },
];
const CALLS = 40;

/** What a receiver's process needs of an environment; a text says why it can't be run. */
async function environmentOf({
  command: [program = ''],
  needsPackages = false,
}: RealReceiver): Promise<Readonly<Record<string, string>> | string> {
  const isThere = program === process.execPath || (await findProgram([program])) !== null;
  if (!isThere) return `there is no ${program}`;
  if (!needsPackages) return {};
  return await pythonPackages(file('requirements.txt')).then(
    (folder) => ({ PYTHONPATH: folder }),
    (error: unknown) => String(error),
  );
}

describe('of real receivers', () => {
  const running: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of running.splice(0)) {
      // With what it has started, which is what runs under `go run`.
      if (child.pid !== undefined) process.kill(-child.pid);
      await once(child, 'close');
    }
  });

  const start = async (
    { command: [program = '', ...args] }: RealReceiver,
    environment: Readonly<Record<string, string>>,
  ): Promise<string> => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
      env: { ...process.env, NODE_OPTIONS: '', ...environment },
    });
    running.push(child);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return `http://127.0.0.1:${line.toString().trim()}`;
  };

  it.each(receivers)(
    '$what gets each call once, and each call gets its answer, where that is installed',
    async (receiver) => {
      const environment = await environmentOf(receiver);
      if (typeof environment === 'string') {
        console.log(`${receiver.what} was not called: ${environment}`);
        return;
      }
      const base = await start(receiver, environment);
      const { call, close } = createCaller();
      for (const [path, [statusCode, text]] of Object.entries(receiver.answers)) {
        const webhook = webhookAt(`${base}${path}`);
        const outcomes: AttemptOutcome[] = [];
        await Promise.all(
          Array.from({ length: 4 }, async () => {
            for (let count = 0; count < CALLS / 4; count += 1) outcomes.push(await call(webhook));
          }),
        );
        const notified = outcomes.map((outcome) =>
          outcome.kind === 'answered'
            ? [outcome.statusCode, outcome.response?.text ?? null]
            : outcome,
        );
        expect(notified).toEqual(outcomes.map(() => [statusCode, text]));
      }
      await close();
      const counts = await (await fetch(`${base}/count`)).json();
      const called = Object.keys(receiver.answers).map((path) => [path, CALLS]);
      expect(counts).toEqual(Object.fromEntries(called));
    },
    300_000,
  );

  it('Node keeps a connection for many calls, with and without a body', async () => {
    let connections = 0;
    const server = createServer((request, response) => {
      request.resume().once('end', () => {
        if (request.url === '/nothing') response.writeHead(204).end();
        else response.end('ok');
      });
    }).on('connection', () => (connections += 1));
    const port = await listenLocally(server);
    const { call, close } = createCaller();
    for (const path of ['/plain', '/nothing']) {
      for (let count = 0; count < CALLS; count += 1) {
        await call(`http://127.0.0.1:${port}${path}`);
      }
    }
    await close();
    await once(server.close(), 'close');
    expect(connections).toBeLessThan(CALLS / 4);
  });
});
