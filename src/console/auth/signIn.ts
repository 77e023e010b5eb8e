import type { Logger } from '../../runtime/logger.ts';
import type { ConsoleUser } from '../../support/consoleUsers.ts';
import { isPassword } from '../../support/passwordHash.ts';
import { networkOf } from './connection.ts';
import { createThrottle } from './throttle.ts';
import { createTurns } from '../turns.ts';
import type { UsersInForce } from './usersInForce.ts';

/** What came of a name and a password. */
export type SignInResult =
  | Readonly<{ kind: 'in'; user: ConsoleUser }>
  | Readonly<{ kind: 'wrong' }>
  /** Too many were wrong, of this name or from there. */
  | Readonly<{ kind: 'wait'; until: Date }>
  /** Too many are being checked. */
  | Readonly<{ kind: 'busy' }>;

interface SignIn {
  try(given: Given): Promise<SignInResult>;
  /** How many names and networks it remembers as having failed. */
  remembered(): Readonly<{ names: number; networks: number }>;
}

interface Given {
  readonly name: string;
  readonly password: string;
  readonly address: string;
}

interface SignInOptions {
  readonly users: UsersInForce;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly now: () => number;
  readonly checkPassword?: typeof isPassword;
}

/** Of a name: people mistype. */
const FREE_OF_NAME = 5;
/** Of a network, which an office may share. */
const FREE_OF_NETWORK = 20;

/** Each takes 128 MiB, and a thread of the four that also look up names. */
const turnsOfHashing = { atOnce: 2, inAll: 16, perKey: 2, longestTurnMs: 60_000 } as const;

/** Checks passwords, a few at a time and never many of one name or from one network. */
export function createSignIn(options: SignInOptions): SignIn {
  const { users, logger, now, checkPassword = isPassword } = options;
  const names = createThrottle({ free: FREE_OF_NAME, now });
  const networks = createThrottle({ free: FREE_OF_NETWORK, now });
  const turns = createTurns(turnsOfHashing);

  const waitOf = (name: string, network: string): SignInResult | null => {
    const opensAt = Math.max(names.opensAt(name), networks.opensAt(network));
    return opensAt > now() ? { kind: 'wait', until: new Date(opensAt) } : null;
  };

  const check = async ({ name, password, address }: Given): Promise<SignInResult> => {
    const user = users.find(name);
    const isRight = await checkPassword(password, user?.hash ?? null);
    if (isRight && user !== null) {
      names.forget(name);
      logger.info('sign_in', { user: user.name, role: user.role, address });
      return { kind: 'in', user };
    }
    names.failed(name);
    networks.failed(networkOf(address));
    // Of somebody unknown nothing is logged: people type passwords into the wrong field.
    const who =
      user === null ? { why: 'unknown name' } : { user: user.name, why: 'wrong password' };
    logger.warn('sign_in_refused', { ...who, address });
    return { kind: 'wrong' };
  };

  return {
    async try(given) {
      const network = networkOf(given.address);
      const mustWait = (): SignInResult | null => waitOf(given.name, network);
      // After the wait for a turn, too: others of the same name may have failed meanwhile.
      const inTurn = async (): Promise<SignInResult> => mustWait() ?? (await check(given));
      const result = mustWait() ?? (await turns.run(network, inTurn));
      return result === 'busy' ? { kind: 'busy' } : result;
    },
    remembered: () => ({ names: names.size(), networks: networks.size() }),
  };
}
