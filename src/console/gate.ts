import type { Logger } from '../runtime/logger.ts';
import type { Request, Route } from './context.ts';
import type { Person } from './role.ts';

/** Says who asks. */
export interface Gate {
  /** Null for whoever is not signed in or may not come in at all. */
  identify(request: Request): Promise<Person | null>;
  /** What they see then. */
  challenge(request: Request): Response | Promise<Response>;
  /** The pages for signing in and out. */
  readonly routes: readonly Route[];
  /** Has the link logged that signs one person in, where there is no other way to. */
  announce(port: number, logger: Pick<Logger, 'info'>): void;
}
