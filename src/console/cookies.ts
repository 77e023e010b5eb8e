import type { CookieOptions } from 'hono/utils/cookie';
import type { Request } from './context.ts';

/** For every cookie that the console sets. `Secure` where the browser speaks TLS, to the console or to what is in front of it. */
export function cookieOptions(request: Request): CookieOptions {
  const { protocol } = new URL(request.req.url);
  const isSecure =
    protocol === 'https:' ||
    request.req.header('x-forwarded-proto')?.split(',')[0]?.trim() === 'https';
  return { path: '/', httpOnly: true, sameSite: 'Strict', secure: isSecure };
}
