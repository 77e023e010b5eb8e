import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { closing, createCaller, startRawServer, type Caller } from '../integration/http/calling.ts';

const opened = closing();
const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What its body was in. */
async function call(caller: Caller, url: string): Promise<WeakRef<ArrayBuffer>> {
  const sent = new Uint8Array(new ArrayBuffer(1_000_000)).fill(0x20);
  const outcome = await caller.call(url, undefined, sent);
  expect(outcome).toMatchObject({ kind: 'answered', statusCode: 200 });
  return new WeakRef(sent.buffer);
}

it('an unused connection keeps nothing of the calls it has served', async () => {
  const server = opened(await startRawServer((socket) => socket.write(ok)));
  const caller = opened(createCaller());
  const bodies: WeakRef<ArrayBuffer>[] = [];
  for (let count = 0; count < 4; count += 1) {
    bodies.push(await call(caller, server.url));
    await sleep(150);
  }
  collectGarbage();
  await sleep(10);
  collectGarbage();
  expect(server.connections()).toBe(1);
  expect(bodies.map((each) => each.deref()?.byteLength ?? 'collected')).toEqual(
    bodies.map(() => 'collected'),
  );
});
