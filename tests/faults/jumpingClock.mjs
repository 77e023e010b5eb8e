/**
 * Loaded into a worker before its own code: moves its wall clock by the milliseconds that a file holds, as
 * soon as they change. Timers and `performance.now()` go on, as they do when a real clock is set.
 */
import { readFileSync, watchFile } from 'node:fs';

const file = process.env['CLOCK_OFFSET_FILE'];
const now = Date.now;
let offsetMs = 0;

function read() {
  offsetMs = Number(readFileSync(file, 'utf8'));
}

globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) =>
    args.length === 0
      ? new target(now() + offsetMs)
      : Reflect.construct(target, args, newTarget === globalThis.Date ? target : newTarget),
  get: (target, name) =>
    name === 'now' ? () => now() + offsetMs : Reflect.get(target, name, target),
});

if (file !== undefined) {
  read();
  watchFile(file, { interval: 50, persistent: false }, read);
}
