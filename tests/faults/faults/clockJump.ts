import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from '../../support/until.ts';
import type { Fault, FaultContext, FaultResult } from '../fault.ts';
import { pathOf } from '../load.ts';
import { play, type Scene } from '../play.ts';

const HOURS = 3_600_000;
/**
 * From the true time, one after the other: forward, back past it, and home. Further than a notification may wait, and
 * than it is remembered: 36 and 72 hours.
 */
const offsets = [2 * HOURS, 40 * HOURS, -80 * HOURS, 0, -40 * HOURS, 30_000, -30_000, 0] as const;
/** What has expired is gone within a second, so that it is notified again if it is notified once more. */
const mongod = { parameters: { ttlMonitorSleepSecs: 1 } };
const jumpingClock = new URL('../jumpingClock.mjs', import.meta.url);

/** Its endpoint fails now and then, so that some of its notifications wait while the clock jumps. */
const waiting = 1;

export const clockJump: Fault = {
  name: 'clock-jump',
  description:
    "the worker's wall clock jumps by hours and days, forwards and backwards, while it works",
  async run(context) {
    const folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-clock-'));
    try {
      return await playWithClock(context, this.name, join(folder, 'offset'));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function playWithClock(
  context: FaultContext,
  name: string,
  offsetFile: string,
): Promise<FaultResult> {
  const { isLong, log, random } = context;
  await setOffset(offsetFile, 0);
  const settings = {
    NODE_OPTIONS: `--import=${pathToFileURL(jumpingClock.pathname).href}`,
    CLOCK_OFFSET_FILE: offsetFile,
  };
  return await play(context, { name, workers: 2, settings, mongod }, async (scene) => {
    scene.receiver.answer(pathOf(waiting), () =>
      random.next() < 0.4 ? { status: 503 } : { delayMs: random.between(2, 60) },
    );
    for (let round = 1; round <= (isLong ? 10 : 1); round += 1) {
      for (const offsetMs of offsets) {
        await scene.work(500, 2_000);
        log(`the clock is ${offsetMs / 1000} s off`);
        await setOffset(offsetFile, offsetMs);
        await untilClocksShow(offsetMs, scene);
      }
    }
    const taken = scene.workers.map(({ lines }) => lines.filter(isTaking).length);
    if (taken.reduce((sum, count) => sum + count, 0) !== 1) {
      throw new Error(`the lease was taken ${taken.join(' and ')} times`);
    }
  });
}

/** The worker never sees half a file. */
async function setOffset(file: string, offsetMs: number): Promise<void> {
  await writeFile(`${file}.new`, String(offsetMs));
  await rename(`${file}.new`, file);
}

function isTaking({ event }: Readonly<{ event: string }>): boolean {
  return event === 'lease_acquired';
}

/** Some worker has written to its log by the new time. */
async function untilClocksShow(offsetMs: number, { workers }: Scene): Promise<void> {
  const shows = (): boolean =>
    workers.some(({ lines }) => {
      const shown = Date.parse(lines.at(-1)?.timestamp ?? '') - Date.now();
      return Math.abs(shown - offsetMs) < 10_000;
    });
  await until('the clock has jumped', shows);
}
