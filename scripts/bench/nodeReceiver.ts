/** What `receiver.go` is, for machines without Go: the same output, paths and answers. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { nowUs } from './clock.ts';

let calls = 0;
let arrivals = new Map<string, number>();
let delaysMs: readonly (readonly [prefix: string, ms: number])[] = [];

function take(request: IncomingMessage, response: ServerResponse): void {
  request.resume().once('end', () => {
    calls += 1;
    const id = String(request.headers['webhook-id']);
    if (!arrivals.has(id)) arrivals.set(id, nowUs());
    const answer = (): void => {
      response.setHeader('content-type', 'application/json').end('{"received":true}');
    };
    const delayMs = delaysMs.find(([prefix]) => request.url?.startsWith(prefix))?.[1] ?? 0;
    if (delayMs > 0) setTimeout(answer, delayMs);
    else answer();
  });
}

async function reset(request: IncomingMessage, response: ServerResponse): Promise<void> {
  delaysMs = Object.entries(JSON.parse(await text(request)) as Record<string, number>);
  calls = 0;
  arrivals = new Map();
  response.end();
}

const admin: Readonly<Record<string, () => string>> = {
  '/admin/clock': () => String(nowUs()),
  '/admin/count': () => JSON.stringify({ calls, notifications: arrivals.size }),
  '/admin/arrivals': () => JSON.stringify(Object.fromEntries(arrivals)),
};

const server = createServer((request, response) => {
  const tell = admin[request.url ?? ''];
  if (tell !== undefined) response.end(tell());
  else if (request.url === '/admin/reset') void reset(request, response);
  else take(request, response);
});
server.listen(0, '127.0.0.1', () => {
  console.log(`127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.stdin.resume().once('end', () => process.exit());
