import { createMiddleware } from 'hono/factory';
import type { ConsoleEnv } from './context.ts';

/**
 * Refuses acts that another site asks for. Behind an authenticating proxy there is no cookie of the console that could be
 * held back, so this alone keeps other sites out. Every browser of the last years says where a form comes from: by
 * `Sec-Fetch-Site` over TLS and on loopback, by `Origin` always. What says neither is no browser, and is refused as well.
 */
export const refuseOtherSites = createMiddleware<ConsoleEnv>(async (request, next) => {
  const { method } = request.req;
  if (method === 'GET' || method === 'HEAD') return await next();
  const site = request.req.header('sec-fetch-site');
  const isOwn = site === undefined ? isOwnOrigin(request.req) : site === 'same-origin';
  if (isOwn) return await next();
  return request.text('Refused: this form was not sent from a page of the console.\n', 403);
});

/** Not by the scheme: TLS may end before the console. */
function isOwnOrigin(request: { header(name: string): string | undefined }): boolean {
  const [origin, host] = [request.header('origin'), request.header('host')];
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
