import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { listenLocally } from '../../support/listenLocally.ts';
import { readImage } from '../../support/deployFiles.ts';

const [instruction = ''] = readImage().get('HEALTHCHECK') ?? [];
const [program = '', ...args] = JSON.parse(/CMD (\[.*\])/.exec(instruction)?.[1] ?? '') as string[];

/** The exit code of the image's health check, when the worker's probes are on this port. */
async function check(port: number): Promise<number | null> {
  expect(program).toBe('node');
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, args, { env: { HTTP_PORT: String(port) } });
    child.once('exit', resolve);
  });
}

describe("the image's health check", () => {
  it.each([
    [200, 0],
    [503, 1],
  ])('of a worker whose /livez answers %s exits with %s', async (status, code) => {
    const paths: unknown[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url);
      response.writeHead(status).end('{}');
    });
    const port = await listenLocally(server);
    try {
      expect(await check(port)).toBe(code);
      expect(paths).toEqual(['/livez']);
    } finally {
      server.close();
    }
  });

  it('of a worker that does not listen exits with 1', async () => {
    const server = createServer();
    const port = await listenLocally(server);
    await new Promise((resolve) => void server.close(resolve));
    expect(await check(port)).toBe(1);
  });
});
