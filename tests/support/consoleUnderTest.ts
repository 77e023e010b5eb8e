import { once } from 'node:events';
import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { loadConfig } from '../../config/loadConfig.ts';
import { packageRoot } from '../../config/packageRoot.ts';
import { formatProblem } from '../../config/reading.ts';
import { createJobs } from '../../src/console/jobs/jobs.ts';
import { createConsole } from '../../src/console/app.tsx';
import { openGate } from '../../src/console/auth/openGate.ts';
import type { ConsoleContext, Route } from '../../src/console/context.ts';
import { serveConsole } from '../../src/console/server.ts';
import { readStaticFiles } from '../../src/console/staticFiles.ts';
import { readAlternativeQuery } from '../../src/installation.ts';
import { createTeardown } from '../../src/runtime/teardown.ts';
import { createTimeZone } from '../../src/runtime/timeZone.ts';
import { openAudit } from '../../src/support/audit.ts';
import type { Role } from '../../src/support/consoleRole.ts';
import { openSession } from '../../src/support/session.ts';
import { createTimes } from '../../src/support/words.ts';
import { createMemoryLogger, type MemoryLogger } from './memoryLogger.ts';

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent as a browser sends a form of the console's own. */
  readonly form?: Readonly<Record<string, string>> | string;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A console on loopback, in this process, with its real gate. */
export interface ConsoleUnderTest {
  readonly port: number;
  readonly logger: MemoryLogger;
  /** `GET /path` of each route whose handler was called, oldest first. */
  readonly visits: readonly string[];
  /** `path` goes out as it is. */
  ask(path: string, asked?: Asked): Promise<Answer>;
  close(): Promise<void>;
}

interface Options {
  readonly settings?: Readonly<Record<string, string>>;
  readonly routes?: readonly Route[];
  readonly now?: () => number;
}

/** For tests in which nothing is asked of a database. */
const nowhere = {
  MONGODB_URI: 'mongodb://127.0.0.1:1/?replicaSet=none',
  MYSQL_URI: 'mysql://nobody:none@127.0.0.1:1/central',
};

/** Settings by which headers like those of `as` are believed. */
export const throughProxy = { CONSOLE_PROXY_CIDRS: '127.0.0.1' } as const;

/** What a proxy says about somebody. */
export function as(role: Role, name = `a ${role}`): Record<string, string> {
  return { 'x-forwarded-user': name, 'x-forwarded-groups': role };
}

export async function startConsole(options: Options = {}): Promise<ConsoleUnderTest> {
  const { settings = {}, routes = [], now } = options;
  const loaded = loadConfig({ ...nowhere, CONSOLE_PORT: '0', ...settings });
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  const { config } = loaded;
  const teardown = createTeardown();
  const logger = createMemoryLogger();
  const stopping = new AbortController();
  const session = openSession(
    config,
    {
      version: 'of-a-test',
      alternativeQuery: readAlternativeQuery(),
      stopping: stopping.signal,
      connections: 4,
    },
    teardown,
  );
  const zone = createTimeZone('UTC');
  const cookieSecret = 'known-to-the-console-only';
  const { adminServer } = config.mysql;
  const context: ConsoleContext = {
    session,
    central: adminServer && { server: adminServer, schemes: config.egress.schemes },
    zone,
    times: createTimes((time) => zone.format(time)),
    audit: openAudit(session, logger),
    jobs: createJobs(session, logger),
    commandName: 'npm run cli --',
    logger,
    cookieSecret,
  };
  const gate = openGate(config.console, {
    ...{ logger, cookieSecret },
    ...(now === undefined ? {} : { now }),
  });
  const visits: string[] = [];
  const files = readStaticFiles(join(packageRoot(), 'src/console/static'));
  const watched = routes.map((route) => watch(route, visits));
  const app = createConsole({ context, gate, routes: watched, files });
  const server = await serveConsole(app, config.console);
  teardown.add('the HTTP server', server.close);
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  teardown.add('the connections', () => agent.destroy());
  gate.announce(server.port, logger);
  return {
    port: server.port,
    logger,
    visits,
    ask: async (path, asked = {}) => await ask({ agent, port: server.port, path }, asked),
    async close(): Promise<void> {
      stopping.abort();
      await context.jobs.settled();
      await teardown.run();
    },
  };
}

function watch(route: Route, visits: string[]): Route {
  return {
    ...route,
    async handle(asked) {
      visits.push(`${route.method} ${route.path}`);
      return await route.handle(asked);
    },
  };
}

type Where = Readonly<{ agent: Agent; port: number; path: string }>;

/** Once more where the server has closed an idle connection at the same moment. */
async function ask(where: Where, asked: Asked): Promise<Answer> {
  try {
    return await askOnce(where, asked);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    return await askOnce(where, asked);
  }
}

async function askOnce(where: Where, asked: Asked): Promise<Answer> {
  const { method, headers = {}, form, body } = asked;
  const content = form === undefined ? body : new URLSearchParams(form).toString();
  const outgoing = request({
    ...where,
    host: '127.0.0.1',
    method: method ?? (form === undefined ? 'GET' : 'POST'),
    headers: {
      ...(form === undefined ? {} : ofForm),
      ...(content === undefined ? {} : { 'content-length': Buffer.byteLength(content) }),
      ...headers,
    } as Record<string, string>,
  });
  outgoing.end(content);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const bytes = await buffer(incoming);
  const { statusCode: status = 0, headers: got } = incoming;
  return { status, headers: got, body: bytes.toString('utf8') };
}

const ofForm = {
  'content-type': 'application/x-www-form-urlencoded',
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'navigate',
} as const;

/** `name=value` of a cookie that an answer sets, to be sent back; null when it sets none, or deletes it. */
export function cookieIn({ headers }: Answer, name = 'session'): string | null {
  const set = headers['set-cookie']?.find((each) => each.startsWith(`${name}=`)) ?? '';
  const [pair = ''] = set.split(';');
  return pair === '' || pair === `${name}=` ? null : pair;
}

/** A role's page and acts, to be found in the way of whoever has no business there. */
export function probeRoute(method: Route['method'], path: string, role: Role): Route {
  const handle: Route['handle'] = (asked) => {
    const person = asked.get('person');
    return asked.json({ name: person.name, role: person.role });
  };
  return { method, path, role, handle };
}
