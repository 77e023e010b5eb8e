import type { Request, Route } from './context.ts';
import type { Person } from './role.ts';

/** Says who asks. */
export interface Gate {
  /** Null when nobody is signed in. Throws `Refused` for somebody who may not come in at all. */
  identify(request: Request): Promise<Person | null>;
  /** What somebody sees who has to sign in first. */
  challenge(request: Request): Response | Promise<Response>;
  /** The pages for signing in and out. */
  readonly routes: readonly Route[];
  /** Prints the link that signs one person in, where there is no other way to. */
  announce(port: number): void;
}
