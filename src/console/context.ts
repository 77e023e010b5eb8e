import type { Context } from 'hono';
import type { TimeZone } from '../domain/sms.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Audit } from '../support/audit.ts';
import type { Session } from '../support/session.ts';
import type { CentralAccess } from '../support/setup.ts';
import type { Times } from '../support/words.ts';
import type { Jobs } from './jobs/jobs.ts';
import type { Person, Role } from './role.ts';

/** What all pages work with. */
export interface ConsoleContext {
  readonly session: Session;
  /** Null while MYSQL_ADMIN_URI is not set: steps 1 to 3 can be read, not changed. */
  readonly central: CentralAccess | null;
  /** In PAYLOAD_TIMEZONE, as are times without an offset that somebody types. */
  readonly zone: TimeZone;
  readonly times: Times;
  readonly audit: Audit;
  /** Long work that pages begin and then watch. */
  readonly jobs: Jobs;
  /** How command lines begin where this is installed. */
  readonly commandName: string;
  readonly logger: Logger;
  /** Signs what a browser keeps for this process. */
  readonly cookieSecret: string;
}

/** What is known of a request once it has passed the gate. */
export interface ConsoleEnv {
  Variables: {
    /** Absent on routes for anyone. */
    person: Person;
    context: ConsoleContext;
  };
}

export type Request = Context<ConsoleEnv>;

/** A page, a part of one, or an act. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** As Hono writes paths. */
  readonly path: string;
  /** The least role it needs; checked before `handle` is called. */
  readonly role: Role | 'anyone';
  handle(request: Request): Response | Promise<Response>;
}
