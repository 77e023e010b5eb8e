/** Runs alone in network and mount namespaces of its own; see island.ts. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { isIPv6 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorker } from '../../../scripts/harness/workerProcess.ts';
import { startNameServer } from './nameServer.ts';
import { openBridge } from './bridge.ts';
import type { IslandMessage, IslandPlan } from './plan.ts';

const connections: string[] = [];

async function main(plan: IslandPlan): Promise<void> {
  run('ip', ['link', 'set', 'lo', 'up']);
  for (const address of plan.addresses) {
    const flags = isIPv6(address) ? ['nodad'] : [];
    run('ip', ['addr', 'add', address, 'dev', 'lo', ...flags]);
  }
  replace('/etc/resolv.conf', 'nameserver 127.0.0.1\noptions timeout:10 attempts:2\n');
  replace('/etc/nsswitch.conf', 'hosts: files dns\n');
  await startNameServer(plan.names);
  for (const { port, socketFile } of plan.bridges) {
    await openBridge({ port, host: '127.0.0.1' }, { path: socketFile });
  }
  for (const port of plan.ports) await startWebServer(port);
  const worker = startWorker(plan.settings);
  await worker.ready();
  tell({ kind: 'ready' });
  await once(process, 'message');
  await worker.stop();
  tell({ kind: 'ended', connections, output: worker.output() });
  process.exit(0);
}

/** Notes every connection by the address and port it was made to. */
async function startWebServer(port: number): Promise<void> {
  const visits = new Map<string, number>();
  const server = createServer((request, response) => {
    const visit = (visits.get(request.url ?? '') ?? 0) + 1;
    visits.set(request.url ?? '', visit);
    request.resume();
    request.on('end', () => {
      const fails = request.url === '/fails-at-first' && visit === 1;
      response.writeHead(fails ? 503 : 200, { connection: 'close' }).end();
    });
  });
  server.on('connection', ({ localAddress }) => {
    connections.push(`${String(localAddress).replace(/^::ffff:/, '')} ${port}`);
  });
  server.listen(port, '::');
  await once(server, 'listening');
}

/** For this mount namespace only. */
function replace(file: string, text: string): void {
  const own = join(mkdtempSync(join(tmpdir(), 'island-')), 'file');
  writeFileSync(own, text);
  run('mount', ['--bind', own, file]);
}

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function tell(message: IslandMessage): void {
  process.send?.(message);
}

process.on('disconnect', () => process.exit(1));
await main(JSON.parse(process.argv[2] ?? '') as IslandPlan);
