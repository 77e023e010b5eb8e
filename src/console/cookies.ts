import { hkdfSync } from 'node:crypto';
import type { CookieOptions } from 'hono/utils/cookie';
import { isOverTls, toRanges } from './auth/connection.ts';
import type { Request } from './context.ts';

/** For every cookie that the console sets. `Secure` where the browser speaks TLS. */
export function cookieOptions(request: Request): CookieOptions & { readonly secure: boolean } {
  const { proxyRanges } = request.get('context').session.config.console;
  const secure = isOverTls(request, toRanges(proxyRanges));
  return { path: '/', httpOnly: true, sameSite: 'Strict', secure };
}

const KEY_BYTES = 32;

/** Signs one kind of cookie: no text that is signed for one of them is valid as another. */
export function cookieKey(
  cookieSecret: string,
  purpose: 'notice' | 'session',
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hkdfSync('sha256', cookieSecret, '', purpose, KEY_BYTES));
}
