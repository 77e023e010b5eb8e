import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aptUnpack } from './apt.ts';
import { findProgram } from './command.ts';
import { freePort } from './freePort.ts';
import { createServerProcess, orClose, serverFolder } from './serverProcess.ts';

const advice =
  'No Prometheus was found: install it so that prometheus and promtool are on PATH ' +
  '(Debian and Ubuntu: apt-get install prometheus).';

/** From the `PATH`, or out of Debian's package. */
export async function findPrometheus(name: 'prometheus' | 'promtool'): Promise<string> {
  const installed = await findProgram([name]);
  if (installed !== null) return installed;
  const folder = join(await aptUnpack('prometheus', advice), 'usr/bin');
  const program = await findProgram([name], [folder]);
  if (program === null) throw new Error(`Debian's package prometheus has no ${name}.`);
  return program;
}

interface RuleState {
  readonly name: string;
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

export type Prometheus = Awaited<ReturnType<typeof startPrometheus>>;

/** One that listens on a free port of loopback. The configuration is JSON, which is YAML, too. */
export async function startPrometheus(config: unknown) {
  const program = await findPrometheus('prometheus');
  const folder = await serverFolder('prometheus');
  const configFile = join(folder, 'prometheus.yml');
  await writeFile(configFile, JSON.stringify(config));
  const origin = `http://127.0.0.1:${await freePort()}`;
  const server = createServerProcess({
    name: 'prometheus',
    program,
    folder,
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${new URL(origin).host}`,
    ],
    isReady: async () => (await fetch(`${origin}/-/ready`)).ok,
  });
  await orClose(server, server.start);
  return {
    close: server.close,
    /** The series that answer an instant query. Throws with Prometheus' own words when it can't be evaluated. */
    async query(expression: string) {
      const { result } = await ask<{
        result: readonly { metric: Record<string, string>; value: [number, string] }[];
      }>(origin, `/api/v1/query?query=${encodeURIComponent(expression)}`);
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async rules(): Promise<readonly RuleState[]> {
      type Groups = readonly { rules: readonly RuleState[] }[];
      const { groups } = await ask<{ groups: Groups }>(origin, '/api/v1/rules');
      return groups.flatMap(({ rules }) => rules);
    },
  };
}

async function ask<Data>(origin: string, path: string): Promise<Data> {
  const answer = (await (await fetch(`${origin}${path}`)).json()) as
    { status: 'success'; data: Data } | { status: 'error'; error: string };
  if (answer.status === 'error') throw new Error(`${decodeURIComponent(path)}: ${answer.error}`);
  return answer.data;
}
