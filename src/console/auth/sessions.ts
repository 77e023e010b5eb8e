import { randomBytes } from 'node:crypto';
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie';
import { cookieKey, cookieOptions } from '../cookies.ts';
import type { Request } from '../context.ts';
import type { Person } from '../role.ts';

const COOKIE = 'session';
const MINUTE_MS = 60_000;

/** How long a session lasts in all, and without a page that its person asks for. */
const lifetimes = {
  password: { wholeMs: 8 * 60 * MINUTE_MS, idleMs: 60 * MINUTE_MS },
  /** The link can't be used again. */
  link: { wholeMs: 24 * 60 * MINUTE_MS, idleMs: 24 * 60 * MINUTE_MS },
} as const;

/** A cookie is written anew when so much of its time has passed. */
const RENEWED_AFTER_MS = 5 * MINUTE_MS;
const MOST_ENDED = 10_000;

interface Session extends Person {
  readonly id: string;
  readonly way: keyof typeof lifetimes;
  /** Changes with the password. */
  readonly mark: string;
  readonly beganAt: number;
  readonly seenAt: number;
  /** Whether the cookie is for TLS only. */
  readonly secure: boolean;
}

export interface Sessions {
  /** Another one that the browser may have had has ended then. */
  begin(request: Request, who: Pick<Session, 'name' | 'role' | 'way' | 'mark'>): Promise<void>;
  /** Null for none, and for one that is over. */
  read(request: Request): Promise<Session | null>;
  /** Somebody is there: it is not idle. */
  renew(request: Request, session: Session): Promise<void>;
  end(request: Request): Promise<void>;
}

interface SessionsOptions {
  readonly cookieSecret: string;
  readonly now: () => number;
  /** More sessions can't be remembered as ended: then all have ended. */
  readonly mostEnded?: number;
}

/** Sessions as signed cookies. The server remembers only those that have ended. */
export function createSessions(options: SessionsOptions): Sessions {
  const { cookieSecret, now, mostEnded = MOST_ENDED } = options;
  const key = cookieKey(cookieSecret, 'session');
  /** Until when each would have lasted. */
  const ended = new Map<string, number>();
  let validFrom = 0;

  const write = async (request: Request, session: Session): Promise<void> => {
    const text = Buffer.from(JSON.stringify(session)).toString('base64url');
    const leftMs = session.beganAt + lifetimes[session.way].wholeMs - now();
    await setSignedCookie(request, COOKIE, text, key, {
      ...cookieOptions(request),
      secure: session.secure,
      maxAge: Math.max(0, Math.ceil(leftMs / 1_000)),
    });
  };

  const read = async (request: Request): Promise<Session | null> => {
    const text = await getSignedCookie(request, key, COOKIE);
    if (typeof text !== 'string') return null;
    // Safe: only this process has the key, and signs nothing else with it.
    const session = JSON.parse(Buffer.from(text, 'base64url').toString()) as Session;
    const { wholeMs, idleMs } = lifetimes[session.way];
    const isOver =
      now() - session.beganAt >= wholeMs ||
      now() - session.seenAt >= idleMs ||
      session.beganAt < validFrom ||
      ended.has(session.id);
    return isOver ? null : session;
  };

  const endIfAny = async (request: Request): Promise<void> => {
    const session = await read(request);
    if (session === null) return;
    for (const [id, until] of ended) if (until <= now()) ended.delete(id);
    if (ended.size >= mostEnded) {
      ended.clear();
      validFrom = now();
    }
    ended.set(session.id, session.beganAt + lifetimes[session.way].wholeMs);
  };

  return {
    read,
    async begin(request, who) {
      await endIfAny(request);
      const id = randomBytes(16).toString('base64url');
      const { secure } = cookieOptions(request);
      await write(request, { ...who, id, beganAt: now(), seenAt: now(), secure });
    },
    async renew(request, session) {
      if (isByScript(request) || now() - session.seenAt < RENEWED_AFTER_MS) return;
      await write(request, { ...session, seenAt: now() });
    },
    async end(request) {
      await endIfAny(request);
      deleteCookie(request, COOKIE, cookieOptions(request));
    },
  };
}

/** A page that is left open refreshes itself. */
function isByScript(request: Request): boolean {
  const mode = request.req.header('sec-fetch-mode');
  return mode !== undefined && mode !== 'navigate';
}
