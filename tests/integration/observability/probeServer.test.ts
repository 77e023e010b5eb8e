import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createHealth, type Health } from '../../../src/observability/health.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { startProbeServer } from '../../../src/observability/probeServer.ts';
import { ConfigurationError } from '../../../src/runtime/errors.ts';

const answers = { status: 'ok', detail: 'answers' } as const;
const metrics = createMetrics();
let health: Health;
let now: number;
let refreshed: number;
let server: Awaited<ReturnType<typeof startProbeServer>>;

beforeEach(async () => {
  now = 0;
  refreshed = 0;
  health = createHealth(() => now);
  server = await startProbeServer({
    host: '127.0.0.1',
    port: 0,
    health,
    metrics,
    async refresh() {
      await Promise.resolve();
      refreshed += 1;
    },
  });
});
afterEach(async () => {
  await server.close();
});

const call = async (path: string, init: RequestInit = {}): Promise<Response> =>
  await fetch(`http://127.0.0.1:${server.port}${path}`, init);

describe('the probe server', () => {
  it('answers /readyz with 503 until the worker is ready, then 200', async () => {
    const before = await call('/readyz');
    expect(before.status).toBe(503);
    expect(await before.json()).toEqual(health.ready());
    health.set('mongodb', answers);
    health.set('mysql', answers);
    health.streamOpen();
    const after = await call('/readyz');
    expect(after.status).toBe(200);
    expect(after.headers.get('content-type')).toBe('application/json');
    expect(await after.json()).toEqual({
      status: 'ok',
      components: {
        mongodb: answers,
        mysql: answers,
        stream: { status: 'ok', detail: 'open' },
      },
    });
  });

  it('answers /livez with 200 while the loops turn, whether ready or not, then 503', async () => {
    health.turned('stream');
    expect((await call('/livez')).status).toBe(200);
    now = 3_600_000;
    const hung = await call('/livez');
    expect(hung.status).toBe(503);
    expect(await hung.json()).toMatchObject({
      status: 'fail',
      components: { stream: { status: 'fail' } },
    });
  });

  it('answers /metrics with the exposition, brought up to date', async () => {
    await call('/readyz');
    expect(refreshed).toBe(0);
    const response = await call('/metrics');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(metrics.contentType);
    expect(await response.text()).toContain('notify_on_delivery_in_flight');
    expect(refreshed).toBe(1);
  });

  it('answers /metrics with 500 when they cannot be collected, and goes on', async () => {
    const text = (): Promise<string> => Promise.reject(new Error('no figures'));
    const refresh = (): Promise<void> => Promise.resolve();
    const failing = { host: '127.0.0.1', port: 0, health, metrics: { ...metrics, text }, refresh };
    const other = await startProbeServer(failing);
    try {
      const response = await fetch(`http://127.0.0.1:${other.port}/metrics`);
      expect(response.status).toBe(500);
      expect(await response.text()).toBe('no figures');
      expect((await fetch(`http://127.0.0.1:${other.port}/livez`)).status).toBe(200);
    } finally {
      await other.close();
    }
  });

  it.each([
    ['/livez?verbose=1', 'GET', 200],
    ['/livez', 'HEAD', 200],
    ['/livez', 'POST', 405],
    ['/', 'GET', 404],
    ['/livez/', 'GET', 404],
  ])('answers %s by %s with %i', async (path, method, status) => {
    expect((await call(path, { method })).status).toBe(status);
  });

  it('sends no body for HEAD', async () => {
    expect(await (await call('/readyz', { method: 'HEAD' })).text()).toBe('');
  });

  it('cannot be set up on a port that is taken, and says so by its settings', async () => {
    const failure: unknown = await startProbeServer({
      host: '127.0.0.1',
      port: server.port,
      health,
      metrics,
      refresh: () => Promise.resolve(),
    }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(failure).toMatchObject({
      message: expect.stringMatching(new RegExp(`${server.port}.*HTTP_PORT`)),
      cause: { code: 'EADDRINUSE' },
    });
  });

  it('closes although a caller is in the middle of a request, and hears no more', async () => {
    const caller = connect(server.port, '127.0.0.1');
    const answer = call('/livez');
    caller.write('GET /livez HTTP/1.1\r\n');
    await answer;
    const hungUp = once(caller, 'close');
    await server.close();
    await hungUp;
    const refused = connect(server.port, '127.0.0.1');
    await expect(once(refused, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
