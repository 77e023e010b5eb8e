import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer, type TlsOptions, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAuthority, type Authority, type Identity } from '../../support/certificates.ts';
import { startConnectProxy } from '../../support/connectProxy.ts';
import { listenLocally } from '../../support/listenLocally.ts';
import { closing } from './calling.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./callAndProbe.ts', import.meta.url));

let authority: Authority;
let identity: Identity;
let ca: Buffer;

beforeAll(async () => {
  authority = await createAuthority();
  identity = await authority.issue('IP:127.0.0.1');
  ca = await readFile(authority.caPath);
});
afterAll(async () => await authority.close());

interface Seen {
  readonly probe: Readonly<Record<string, unknown>>;
  readonly outcome: Readonly<Record<string, unknown>>;
}

/** What `check` finds out without sending anything, and what a call comes to. */
async function see(url: string, proxy: readonly string[] = []): Promise<Seen> {
  const { stdout } = await run(process.execPath, [script, url, ...proxy], {
    env: { ...process.env, NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: authority.caPath },
  });
  return JSON.parse(stdout) as Seen;
}

const answer = (socket: Socket): void => {
  socket.on('error', () => undefined);
  socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
};
const endAtOnce = (socket: Socket): void => void socket.on('error', () => undefined).end();
const cutAtOnce = (socket: Socket): void => void socket.on('error', () => undefined).destroy();

interface Opened {
  readonly url: string;
  close(): void;
}

async function listen(server: Server, scheme: string): Promise<Opened> {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket.on('error', () => undefined));
  });
  const port = await listenLocally(server);
  return {
    url: `${scheme}://127.0.0.1:${port}/`,
    close() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

async function startTls(options: TlsOptions, on: (socket: TLSSocket) => void): Promise<Opened> {
  const { key, cert } = identity;
  const server = createServer({ key, cert, ca, ...options }, on);
  server.on('tlsClientError', () => undefined);
  return await listen(server, 'https');
}

const required = { requestCert: true, rejectUnauthorized: true } as const;
const asked = { requestCert: true, rejectUnauthorized: false } as const;
const only = (version: 'TLSv1.2' | 'TLSv1.3') => ({ minVersion: version, maxVersion: version });

/** OpenSSL by another caller's way: a server in Python. */
const pythonServer = `
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.end_headers()
class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
context.load_verify_locations(sys.argv[2])
context.verify_mode = ssl.CERT_REQUIRED
server = Server(('127.0.0.1', 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
`;

async function startPython(): Promise<Opened> {
  const child = spawn('python3', ['-c', pythonServer, identity.pemPath, authority.caPath], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    url: `https://127.0.0.1:${Number(line.toString())}/`,
    close: () => void child.kill('SIGKILL'),
  };
}

const refused = { ok: false, error: 'tls_error', isTlsAlert: true };
const reset = { ok: false, error: 'connection_reset', isTlsAlert: false };

describe('a receiver that refuses', () => {
  const opened = closing();

  // Where the handshake was done here, the refusal came later: "it accepts connections, over TLSv1.3".
  it.each<[string, () => Promise<Opened>, object]>([
    [
      'TLS 1.3, a certificate required',
      async () => await startTls({ ...required, ...only('TLSv1.3') }, answer),
      { ...refused, detail: 'tlsv13 alert certificate required' },
    ],
    [
      'TLS 1.2, a certificate required',
      async () => await startTls({ ...required, ...only('TLSv1.2') }, answer),
      refused,
    ],
    ['a certificate required by Python', startPython, refused],
    ['closing after the handshake, TLS 1.3', async () => await startTls({}, endAtOnce), reset],
    [
      'closing after the handshake, TLS 1.2',
      async () => await startTls(only('TLSv1.2'), endAtOnce),
      reset,
    ],
    ['cut off after the handshake', async () => await startTls({}, cutAtOnce), reset],
    [
      'closing after connecting, without TLS',
      async () => await listen(createTcpServer(endAtOnce), 'http'),
      reset,
    ],
  ])('is found out before anything is sent: %s', async (_what, start, expected) => {
    const { url } = opened(await start());
    const { probe, outcome } = await see(url);
    expect(probe).toMatchObject(expected);
    // By the name that the call's record has.
    expect(outcome).toMatchObject({ kind: 'unanswered', error: probe['error'] });
  });

  it('is found out through a proxy', async () => {
    const { url } = opened(await startTls({ ...required, ...only('TLSv1.3') }, answer));
    const proxy = opened(await startConnectProxy());
    const { probe, outcome } = await see(url, [proxy.url.href]);
    expect(probe).toMatchObject(refused);
    expect(outcome).toMatchObject({ kind: 'unanswered', error: 'tls_error' });
  });

  it.each<[string, TlsOptions, string]>([
    ['TLS 1.3, a certificate asked for', { ...asked, ...only('TLSv1.3') }, 'TLSv1.3'],
    ['TLS 1.2, a certificate asked for', { ...asked, ...only('TLSv1.2') }, 'TLSv1.2'],
    ['TLS 1.3 without tickets', { ...only('TLSv1.3'), secureOptions: 1 << 14 }, 'TLSv1.3'],
  ])('is none that answers: %s', async (_what, options, tls) => {
    const { url } = opened(await startTls(options, answer));
    const { probe, outcome } = await see(url);
    expect(probe).toEqual({ ok: true, tls });
    expect(outcome).toMatchObject({ kind: 'answered', statusCode: 200 });
  });
});
