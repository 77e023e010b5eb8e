import { createMiddleware } from 'hono/factory';
import type { ConsoleEnv } from './context.ts';

/**
 * Refuses acts that another site asks for. Every browser of the last years says with each form where it comes from; what
 * does not say so is no browser, and is refused as well.
 */
export const refuseOtherSites = createMiddleware<ConsoleEnv>(async (request, next) => {
  const { method } = request.req;
  if (method === 'GET' || method === 'HEAD') return await next();
  const site = request.req.header('sec-fetch-site');
  const isOwn = site === undefined ? isOwnOrigin(request.req) : site === 'same-origin';
  if (isOwn) return await next();
  return request.text('Refused: this form was not sent from a page of the console.\n', 403);
});

function isOwnOrigin(request: { header(name: string): string | undefined }): boolean {
  const [origin, host] = [request.header('origin'), request.header('host')];
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
