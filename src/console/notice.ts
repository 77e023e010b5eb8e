import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie';
import type { Request } from './context.ts';
import { cookieKey, cookieOptions } from './cookies.ts';

const COOKIE = 'notice';
/** For the redirect that follows at once. */
const MAX_AGE_SECONDS = 60;
/** A cookie holds 4,096 bytes, and a character takes up to nine of them. */
const LONGEST = 300;

/** Redirects after an act, with a sentence that the page then shows once. `path` is one of the console's own. */
export async function redirectWith(
  request: Request,
  path: string,
  sentence: string,
): Promise<Response> {
  const text = sentence.length > LONGEST ? `${sentence.slice(0, LONGEST)}…` : sentence;
  const options = { ...cookieOptions(request), maxAge: MAX_AGE_SECONDS };
  await setSignedCookie(request, COOKIE, text, keyFor(request), options);
  return request.redirect(path, 303);
}

/** The sentence that an act has left for this page; null when there is none. */
export async function takeNotice(request: Request): Promise<string | null> {
  const text = await getSignedCookie(request, keyFor(request), COOKIE);
  if (text === undefined) return null;
  deleteCookie(request, COOKIE, cookieOptions(request));
  return text === false ? null : text;
}

function keyFor(request: Request): Uint8Array<ArrayBuffer> {
  return cookieKey(request.get('context').cookieSecret, 'notice');
}
