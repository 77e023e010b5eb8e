/** `npm run test:faults`: what can break is broken while statuses arrive, and all of them must be notified. */
import { toError } from '../../src/runtime/errors.ts';
import type { Fault } from './fault.ts';
import { groupFaults } from './faults/groups.ts';
import { faults as allButGroups } from './faults/index.ts';
import { helpText, parseFaultsArgs, type FaultsOptions } from './options.ts';
import { isBad } from './play.ts';
import { createRandom, seedFor } from './random.ts';
import { toDetails, toTable, type Row } from './table.ts';

const SHORT_LIMIT_MS = 4 * 60_000;
/** Broker and connector take a while to start, and some faults wait for sessions to end. */
const SHORT_KAFKA_LIMIT_MS = 8 * 60_000;
const LONG_LIMIT_MS = 15 * 60_000;

async function runOne(fault: Fault, { seed, isLong, isKafka }: FaultsOptions): Promise<Row> {
  const { name } = fault;
  const beganAt = performance.now();
  const log = (text: string): void => console.log(`${clock()} ${name}: ${text}`);
  log(fault.description);
  const random = createRandom(seedFor(seed, name));
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    const shortMs = isKafka ? SHORT_KAFKA_LIMIT_MS : SHORT_LIMIT_MS;
    const limitMs = isLong ? LONG_LIMIT_MS : shortMs;
    timer = setTimeout(() => reject(new Error(`not over after ${limitMs / 1000} s`)), limitMs);
  });
  const result = await Promise.race([fault.run({ random, isLong, log }), overdue]).catch(toError);
  clearTimeout(timer);
  const row = { name, result, tookMs: performance.now() - beganAt };
  log(isFine(row) ? 'ok' : 'BAD');
  if (result instanceof Error) log(result.message);
  return row;
}

async function runAll(chosen: readonly Fault[], options: FaultsOptions): Promise<readonly Row[]> {
  const rows = new Map<string, Row>();
  const queue = [...chosen];
  const runQueue = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      rows.set(next.name, await runOne(next, options));
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, runQueue));
  return chosen.flatMap(({ name }) => rows.get(name) ?? []);
}

function isFine({ result }: Row): boolean {
  return !(result instanceof Error) && !isBad(result);
}

function clock(): string {
  return new Date().toISOString().slice(11, 19);
}

function choose({ only, isKafka }: FaultsOptions): readonly Fault[] {
  const faults = isKafka ? groupFaults : allButGroups;
  const unknown = only.filter((name) => !faults.some((fault) => fault.name === name));
  if (unknown.length > 0) {
    const known = faults.map(({ name }) => name).join(', ');
    throw new Error(`there is no fault called ${unknown.join(', ')}; there are ${known}`);
  }
  return only.length === 0 ? faults : faults.filter(({ name }) => only.includes(name));
}

/** The exit code: 1 when anything was lost or notified twice that should not have been. */
async function main(args: readonly string[]): Promise<number> {
  const options = parseFaultsArgs(args);
  if (options === 'help') {
    console.log(helpText);
    return 0;
  }
  console.log(`seed ${options.seed}`);
  const rows = await runAll(choose(options), options);
  console.log(`\n${toTable(rows)}\n`);
  for (const line of rows.flatMap(toDetails)) console.log(line);
  console.log(`seed ${options.seed}, ${Math.round(performance.now() / 1000)} s in all`);
  return rows.every(isFine) ? 0 : 1;
}

// Servers and workers end with this process, each by a listener of its own.
process.setMaxListeners(0);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    console.error(`ended by ${signal}`);
    process.exit(130);
  });
}
try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  console.error(toError(error).message);
  process.exit(2);
}
