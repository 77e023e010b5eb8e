import { randomBytes } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import type { TimeZone } from '../domain/sms.ts';
import { orAbort } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import { createTeardown } from '../runtime/teardown.ts';
import { openAudit } from '../support/audit.ts';
import { openSession, type SessionOptions } from '../support/session.ts';
import { createTimes } from '../support/words.ts';
import { createConsole } from './app.tsx';
import { openGate } from './auth/openGate.ts';
import type { ConsoleContext } from './context.ts';
import { createJobs } from './jobs/jobs.ts';
import { routes } from './routes.ts';
import { serveConsole } from './server.ts';
import { readStaticFiles } from './staticFiles.ts';

/** So many pages ask each server at once; the others wait. */
const CONNECTIONS = 4;

interface RunOptions extends Omit<SessionOptions, 'connections'> {
  readonly logger: Logger;
  /** Its lines are written whatever LOG_LEVEL is: for what whoever starts the console has to see. */
  readonly announcer: Pick<Logger, 'info'>;
  readonly zone: TimeZone;
  /** How command lines begin where this is installed. */
  readonly commandName: string;
  /** With the style sheet, the script and the icon. */
  readonly staticFolder: string;
}

/** Serves until `stopping`. Rejects with a `ConfigurationError` where it can't be served as it is set up. */
export async function runConsole(config: Config, options: RunOptions): Promise<void> {
  const { logger, announcer, zone, stopping, staticFolder, commandName } = options;
  const teardown = createTeardown();
  try {
    const session = openSession(config, { ...options, connections: CONNECTIONS }, teardown);
    const { adminServer } = config.mysql;
    const context: ConsoleContext = {
      session,
      central:
        adminServer === null ? null : { server: adminServer, schemes: config.egress.schemes },
      zone,
      times: createTimes((time) => zone.format(time)),
      audit: openAudit(session, logger),
      jobs: createJobs(session, logger),
      commandName,
      logger,
      cookieSecret: randomBytes(32).toString('base64'),
    };
    const gate = openGate(config.console, { logger, cookieSecret: context.cookieSecret });
    const files = readStaticFiles(staticFolder);
    const app = createConsole({ context, gate, routes, files });
    const server = await serveConsole(app, config.console);
    teardown.add('the HTTP server', server.close);
    logger.info('console_started', { host: config.console.host, port: server.port });
    gate.announce(server.port, announcer);
    await orAbort(new Promise<never>(() => undefined), stopping).catch(() => undefined);
    // They save how far they are, which takes the connections that are closed then.
    await context.jobs.settled();
  } finally {
    await teardown.run();
  }
}
