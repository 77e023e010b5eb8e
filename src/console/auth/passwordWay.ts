import { createHash } from 'node:crypto';
import type { Logger } from '../../runtime/logger.ts';
import type { ConsoleUser } from '../../support/consoleUsers.ts';
import { duration } from '../../support/words.ts';
import type { Request, Route } from '../context.ts';
import { readForm, readQuery } from '../form.ts';
import type { Person } from '../role.ts';
import { addressOf, type Ranges } from './connection.ts';
import { ownPath } from './ownPath.ts';
import { signInPage } from './pages.tsx';
import type { Sessions } from './sessions.ts';
import { createSignIn, type SignInResult } from './signIn.ts';
import { openUsersInForce } from './usersInForce.ts';

interface PasswordWayOptions {
  readonly path: string;
  readonly proxies: Ranges;
  readonly sessions: Sessions;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly now: () => number;
}

/** Names and passwords of the users file. Throws a `ConfigurationError` for a file that can't be used. */
export function createPasswordWay(options: PasswordWayOptions) {
  const { path, proxies, sessions, logger, now } = options;
  const users = openUsersInForce(path, logger);
  const signIn = createSignIn({ users, logger, now });

  const enter = async (request: Request): Promise<Response> => {
    const form = await readForm(request);
    const [name, password] = [form.text('name'), form.text('password')];
    const next = ownPath(form.text('next'));
    const result = await signIn.try({ name, password, address: addressOf(request, proxies) });
    if (result.kind !== 'in') return await refuse(request, result, { next, name });
    const { user } = result;
    await sessions.begin(request, { ...personOf(user), way: 'password', mark: markOf(user) });
    return request.redirect(next, 303);
  };

  const refuse = async (
    request: Request,
    result: Exclude<SignInResult, { kind: 'in' }>,
    typed: { readonly next: string; readonly name: string },
  ): Promise<Response> => {
    if (result.kind === 'wrong') {
      const problem = 'The name or the password is wrong.';
      return await signInPage(request, { ...typed, problem }, 401);
    }
    const waitMs = result.kind === 'busy' ? BUSY_MS : result.until.getTime() - now();
    request.header('retry-after', String(Math.ceil(waitMs / 1_000)));
    const { times } = request.get('context');
    const problem =
      result.kind === 'busy'
        ? 'Too many people sign in at this moment: try again in some seconds.'
        : `There were too many wrong sign-ins with this name or from your network: try again in ${duration(Math.max(1_000, waitMs))}, at ${times.at(result.until)}.`;
    return await signInPage(request, { ...typed, problem }, 429);
  };

  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: '/sign-in',
      role: 'anyone',
      handle: async (request) =>
        await signInPage(request, { next: ownPath(readQuery(request).text('next')) }, 200),
    },
    { method: 'POST', path: '/sign-in', role: 'anyone', handle: enter },
    {
      method: 'POST',
      path: '/sign-out',
      role: 'anyone',
      async handle(request) {
        await sessions.end(request);
        return request.redirect('/sign-in', 303);
      },
    },
  ];

  return {
    routes,
    /** Null for whoever was removed from the file, or changed there, since the sign-in. */
    async identify(request: Request): Promise<Person | null> {
      const session = await sessions.read(request);
      if (session === null) return null;
      const user = users.find(session.name);
      const isSame = user !== null && user.role === session.role && markOf(user) === session.mark;
      if (!isSame) return null;
      await sessions.renew(request, session);
      return personOf(user);
    },
    async challenge(request: Request): Promise<Response> {
      const next = request.req.method === 'GET' ? ownPath(pathIn(request.req.url)) : '/';
      const mayBeIn = request.req.header('sec-fetch-site') === 'cross-site';
      return await signInPage(request, { next, mayBeIn }, 401);
    },
  };
}

const BUSY_MS = 5_000;

function personOf({ name, role }: ConsoleUser): Person {
  return { name, role };
}

/** Another password makes another mark. */
function markOf({ hash }: ConsoleUser): string {
  return createHash('sha256').update(hash.text).digest('base64url').slice(0, 22);
}

function pathIn(url: string): string {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}
