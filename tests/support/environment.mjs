import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestEnvironment } from 'jest-environment-node';

/** What was closed may take a while to be gone, such as a socket whose other side has yet to answer. */
const PATIENCE_MS = 10_000;

/**
 * Names the test file that leaves something open which keeps its process alive: a client, a server, a child process, a
 * timer. Jest only says that it had to end a process by force, after the last file, and not what was left.
 */
// oxlint-disable-next-line import/no-default-export -- jest takes the default export
export default class WatchedEnvironment extends TestEnvironment {
  #before = new Map();
  #file;

  constructor(config, context) {
    super(config, context);
    this.#file = relative(config.globalConfig.rootDir, context.testPath);
  }

  async setup() {
    await super.setup();
    // Node opens them on first use; the process keeps them.
    void [process.stdin, process.stdout, process.stderr];
    this.#before = countActive();
  }

  async teardown() {
    await super.teardown();
    const end = performance.now() + PATIENCE_MS;
    while (this.#left().length > 0 && performance.now() < end) await sleep(50);
    const left = this.#left();
    if (left.length === 0) return;
    process.stderr.write(
      `${this.#file} left open: ${left.join(', ')}; open by now: ${describeOpen()}\n`,
    );
  }

  #left() {
    return [...countActive()].flatMap(([type, number]) => {
      const more = number - (this.#before.get(type) ?? 0);
      return more > 0 ? [`${more} × ${type}`] : [];
    });
  }
}

function countActive() {
  const counts = new Map();
  for (const type of process.getActiveResourcesInfo())
    counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

/** Where sockets lead and what child processes run. Timers can't be told apart. */
function describeOpen() {
  const open = process._getActiveHandles().map((handle) => {
    const { localPort, remotePort, spawnfile } = handle;
    const ports = remotePort && `${localPort} → ${remotePort}`;
    return `${handle.constructor.name} ${spawnfile ?? ports ?? ''}`.trim();
  });
  return open.join(', ');
}
