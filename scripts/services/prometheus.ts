import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptUnpack } from './aptUnpack.ts';
import { findProgram } from './command.ts';
import { freePort } from './freePort.ts';
import { createServerProcess } from './serverProcess.ts';

const advice =
  'No Prometheus was found: install it so that prometheus and promtool are on PATH ' +
  '(Debian and Ubuntu: apt-get install prometheus).';

/** From the `PATH`, or out of Debian's package. */
export async function findPrometheus(name: 'prometheus' | 'promtool'): Promise<string> {
  const installed = await findProgram([name]);
  if (installed !== null) return installed;
  const program = await findProgram(
    [name],
    [join(await aptUnpack('prometheus', advice), 'usr/bin')],
  );
  if (program === null) throw new Error(`Debian's package prometheus has no ${name}.`);
  return program;
}

/** One series of the answer to an instant query. */
interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

interface RuleState {
  readonly name: string;
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

export interface Prometheus {
  /** Throws with Prometheus' own words when it can't be evaluated. */
  query(expression: string): Promise<readonly Sample[]>;
  rules(): Promise<readonly RuleState[]>;
  /** Kills it and removes its data. */
  close(): Promise<void>;
}

/** One that listens on a free port of loopback. The configuration is JSON, which is YAML, too. */
export async function startPrometheus(config: unknown): Promise<Prometheus> {
  const program = await findPrometheus('prometheus');
  const folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-prometheus-'));
  const configFile = join(folder, 'prometheus.yml');
  await writeFile(configFile, JSON.stringify(config));
  const origin = `http://127.0.0.1:${await freePort()}`;
  const server = createServerProcess({
    name: 'prometheus',
    program,
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${new URL(origin).host}`,
    ],
    logFile: join(folder, 'prometheus.log'),
    isReady: async () => (await fetch(`${origin}/-/ready`)).ok,
  });
  const close = async (): Promise<void> => {
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await server.start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async query(expression) {
      const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
      const { result } = await ask<{
        result: readonly { metric: Record<string, string>; value: [number, string] }[];
      }>(origin, path);
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async rules() {
      const { groups } = await ask<{ groups: readonly { rules: readonly RuleState[] }[] }>(
        origin,
        '/api/v1/rules',
      );
      return groups.flatMap(({ rules }) => rules);
    },
    close,
  };
}

async function ask<Data>(origin: string, path: string): Promise<Data> {
  const answer = (await (await fetch(`${origin}${path}`)).json()) as
    { status: 'success'; data: Data } | { status: 'error'; error: string };
  if (answer.status === 'error') throw new Error(`${decodeURIComponent(path)}: ${answer.error}`);
  return answer.data;
}
