/** What `receiver.go` is, for machines without Go: the same output, paths and answers. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { accepts, behaviourOf, type Behaviour, type Behaviours } from './behaviour.ts';
import { nowUs } from './clock.ts';
import type { PathCounts } from './receiver.ts';

type Counted = { -readonly [name in keyof PathCounts]: PathCounts[name] };

let calls = 0;
let arrivals = new Map<string, number>();
let paths = new Map<string, Counted>();
let behaviours: Behaviours = {};

function countsOf(path: string): Counted {
  const known = paths.get(path) ?? { calls: 0, accepted: 0, inFlight: 0, maxInFlight: 0 };
  paths.set(path, known);
  return known;
}

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  await once(request.resume(), 'end');
  const path = request.url ?? '';
  const counts = countsOf(path);
  const behaviour = behaviourOf(path, behaviours);
  calls += 1;
  counts.calls += 1;
  counts.inFlight += 1;
  counts.maxInFlight = Math.max(counts.maxInFlight, counts.inFlight);
  if (accepts(behaviour)) {
    counts.accepted += 1;
    const id = String(request.headers['webhook-id']);
    if (!arrivals.has(id)) arrivals.set(id, nowUs());
  }
  await untilAnswer(behaviour, response);
  // Before the answer is out: the next call may be here as soon as it is.
  counts.inFlight -= 1;
  response.statusCode = behaviour.statusCode ?? 200;
  response.setHeader('content-type', 'application/json').end('{"received":true}');
}

/** Or until the caller has gone. */
async function untilAnswer({ delayMs = 0, hang }: Behaviour, to: ServerResponse): Promise<void> {
  if (hang !== true && delayMs === 0) return;
  await new Promise<void>((resolve) => {
    const timer = hang === true ? undefined : setTimeout(resolve, delayMs);
    to.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function reset(): void {
  calls = 0;
  arrivals = new Map();
  // What is in flight ends on the counts it began on.
  paths = new Map();
}

const questions: Readonly<Record<string, () => unknown>> = {
  '/admin/clock': nowUs,
  '/admin/count': () => ({ calls, notifications: arrivals.size }),
  '/admin/arrivals': () => Object.fromEntries(arrivals),
  '/admin/paths': () => Object.fromEntries(paths),
};

const server = createServer((request, response) => {
  const answer = questions[request.url ?? ''];
  if (answer !== undefined) response.end(JSON.stringify(answer()));
  else if (request.url === '/admin/reset') void behave(request, response, reset);
  else if (request.url === '/admin/behave') void behave(request, response);
  // A caller that leaves in the middle of it has not called.
  else take(request, response).catch(() => response.destroy());
});

async function behave(
  request: IncomingMessage,
  response: ServerResponse,
  before: () => void = () => undefined,
): Promise<void> {
  const given = JSON.parse(await text(request)) as Behaviours;
  before();
  behaviours = given;
  response.end();
}

const [host = '', port] = (process.argv[2] ?? '').split(':');
server.listen(Number(port), host, () => {
  console.log(`${host}:${(server.address() as AddressInfo).port}`);
});
process.stdin.resume().once('end', () => process.exit());
