import { resolve } from 'node:path';
import type { Config } from '../../../config/config.ts';
import { ConfigurationError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Route } from '../context.ts';
import type { Gate } from '../gate.ts';
import { toRanges } from './connection.ts';
import { createLinkWay } from './linkWay.ts';
import { sayPage } from './pages.tsx';
import { createPasswordWay } from './passwordWay.ts';
import { askProxy } from './proxyWay.ts';
import { createSessions } from './sessions.ts';

interface GateOptions {
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly cookieSecret: string;
  /** In milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Passwords, an authenticating proxy, or both; a printed link where neither is set up. Throws a `ConfigurationError` where
 * the link would be all that guards a console that others can reach, and for a users file that can't be used.
 */
export function openGate(config: Config['console'], options: GateOptions): Gate {
  const { host, usersFile, proxyRanges } = config;
  const { logger, cookieSecret, now = Date.now } = options;
  const sessions = createSessions({ cookieSecret, now });
  if (usersFile === null && proxyRanges.length === 0) {
    if (!isLoopback(host)) {
      throw new ConfigurationError(
        `CONSOLE_HOST is ${host}, where others can reach the console: set CONSOLE_USERS_FILE or CONSOLE_PROXY_CIDRS, so that it can tell who asks, or set CONSOLE_HOST to 127.0.0.1`,
      );
    }
    return createLinkWay({ host, sessions, logger });
  }
  const proxies = toRanges(proxyRanges);
  const passwords =
    usersFile === null
      ? null
      : createPasswordWay({ path: resolve(usersFile.path), proxies, sessions, logger, now });
  return {
    routes: passwords?.routes ?? [signOutAtProxy],
    async identify(request) {
      const word = askProxy(request, proxies);
      if (word.kind === 'person') return word.person;
      if (word.kind === 'refused' || passwords === null) return null;
      return await passwords.identify(request);
    },
    async challenge(request) {
      const word = askProxy(request, proxies);
      if (word.kind === 'refused') {
        return await sayPage(request, { title: 'Not allowed', sentence: word.why }, 403);
      }
      if (passwords !== null) return await passwords.challenge(request);
      const sentence =
        'Open the console by the address of the proxy in front of it, which signs you in. If you did, it sent no x-forwarded-user, or is not in CONSOLE_PROXY_CIDRS.';
      return await sayPage(request, { title: 'Not signed in', sentence }, 401);
    },
    announce: () => undefined,
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

const signOutAtProxy: Route = {
  method: 'POST',
  path: '/sign-out',
  role: 'anyone',
  handle: async (request) =>
    await sayPage(
      request,
      {
        title: 'Still signed in',
        sentence: 'The proxy in front of the console signs you in: sign out there.',
      },
      200,
    ),
};
