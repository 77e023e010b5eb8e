import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from '../cacheFolder.ts';
import { findProgram, runCommand } from '../command.ts';
import { freePort } from '../freePort.ts';
import {
  createServerProcess,
  orClose,
  serverFolder,
  type ServerProcess,
} from '../serverProcess.ts';
import { readSpans, type CollectedSpan } from './readSpans.ts';

const advice =
  'The collector for traces is built with Go, which was not found: install Go 1.26 or later, so that go is on PATH.';

/** The first build downloads and compiles the collector's modules, too. */
const BUILD_LIMIT_MS = 10 * 60_000;

const source = fileURLToPath(new URL('.', import.meta.url));
const env = { GOFLAGS: '-mod=readonly', CGO_ENABLED: '0', GOWORK: 'off' };

/** Built once for a source and a version of Go. */
async function builtCollector(): Promise<string> {
  const go = await findProgram(['go'], ['/usr/local/go/bin', '/usr/lib/go/bin']);
  if (go === null) throw new Error(advice);
  const hash = createHash('sha256');
  hash.update(await runCommand(go, ['env', 'GOVERSION'], { timeoutMs: 60_000, env }));
  for (const file of ['main.go', 'go.mod', 'go.sum'])
    hash.update(await readFile(join(source, file)));
  return await cached(`collector-${hash.digest('hex').slice(0, 16)}`, async (scratch) => {
    const result = join(scratch, 'collector');
    const args = ['build', '-trimpath', '-o', result, '.'];
    await runCommand(go, args, { timeoutMs: BUILD_LIMIT_MS, env, cwd: source });
    return result;
  });
}

export interface Collector extends ServerProcess {
  /** As `OTEL_EXPORTER_OTLP_ENDPOINT` names it. */
  readonly endpoint: string;
  spans(): Promise<readonly CollectedSpan[]>;
  /** All that it has taken, as text. */
  text(): Promise<string>;
}

/** The OpenTelemetry Collector's receiver, on a free port of loopback. */
export async function startCollector(): Promise<Collector> {
  const program = await builtCollector();
  const folder = await serverFolder('collector');
  const file = join(folder, 'traces.jsonl');
  const port = await freePort();
  const server = createServerProcess({
    name: 'the collector',
    program,
    folder,
    args: [`127.0.0.1:${port}`, file],
    isReady: async () => await accepts(port),
  });
  await orClose(server, server.start);
  const text = async (): Promise<string> => await readFile(file, 'utf8').catch(() => '');
  return {
    ...server,
    endpoint: `http://127.0.0.1:${port}`,
    text,
    spans: async () => readSpans(await text()),
  };
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
