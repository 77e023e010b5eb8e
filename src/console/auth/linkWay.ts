import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Logger } from '../../runtime/logger.ts';
import type { Request, Route } from '../context.ts';
import type { Gate } from '../gate.ts';
import { peerOf } from './connection.ts';
import { sayPage } from './pages.tsx';
import type { Sessions } from './sessions.ts';

const TOKEN_BYTES = 32;

/** Whoever opens the link may do everything: it was printed for who runs the console. */
const holder = { name: 'token', role: 'editor', way: 'link', mark: '' } as const;

interface LinkWayOptions {
  /** A loopback address or name, on which the console listens. */
  readonly host: string;
  readonly sessions: Sessions;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** A link that signs one person in, once. */
export function createLinkWay({ host, sessions, logger }: LinkWayOptions): Gate {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  let isUsed = false;

  const enter = async (request: Request): Promise<Response> => {
    const refuse = async (why: 'wrong' | 'used'): Promise<Response> => {
      logger.warn('sign_in_refused', { address: peerOf(request), why: `${why} link` });
      const sentence = `This link is ${why}: restart the console, which prints another one.`;
      return await sayPage(request, { title: 'Not signed in', sentence }, 403);
    };
    if (!isLoopbackHost(request)) return await challenge(request);
    if (!isSame(request.req.param('token') ?? '', token)) return await refuse('wrong');
    // Programs ask so what a link leads to, before a person opens it.
    if (request.req.method === 'HEAD') return request.body(null, 204);
    if (isUsed) return await refuse('used');
    isUsed = true;
    await sessions.begin(request, holder);
    logger.info('sign_in', { user: holder.name, role: holder.role, address: peerOf(request) });
    // A browser that came here from another site's page would not send the cookie along.
    if (request.req.header('sec-fetch-site') !== 'cross-site') return request.redirect('/', 303);
    return await sayPage(request, { title: 'Signed in', sentence: 'You are signed in.' }, 200);
  };

  const challenge = async (request: Request): Promise<Response> => {
    if (!isLoopbackHost(request)) {
      const sentence = 'Open the console by the link that it printed when it started.';
      return await sayPage(request, { title: 'Not allowed', sentence }, 403);
    }
    const sentence =
      'Open the link that the console printed when it started. It works once: restart the console for another one.';
    return await sayPage(request, { title: 'Not signed in', sentence }, 401);
  };

  const routes: readonly Route[] = [
    { method: 'GET', path: '/token/:token', role: 'anyone', handle: enter },
    {
      method: 'POST',
      path: '/sign-out',
      role: 'anyone',
      async handle(request) {
        await sessions.end(request);
        const sentence = 'You are signed out. Restart the console for another link.';
        return await sayPage(request, { title: 'Signed out', sentence }, 200);
      },
    },
  ];

  return {
    routes,
    challenge,
    async identify(request) {
      const session = isLoopbackHost(request) ? await sessions.read(request) : null;
      return session === null ? null : { name: session.name, role: session.role };
    },
    announce(port, { info }) {
      const at = host.includes(':') ? `[${host}]` : host;
      info('console_link', { url: `http://${at}:${port}/token/${token}` });
    },
  };
}

/** A site whose name was made to lead here, to read pages through a browser on this machine, has its own name. */
function isLoopbackHost(request: Request): boolean {
  const host = request.req.header('host') ?? '';
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i.test(host);
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
