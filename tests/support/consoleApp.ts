import { join } from 'node:path';
import { loadConfig } from '../../config/loadConfig.ts';
import { packageRoot } from '../../config/packageRoot.ts';
import { formatProblem } from '../../config/reading.ts';
import { createConsole } from '../../src/console/app.tsx';
import type { ConsoleContext } from '../../src/console/context.ts';
import type { Gate } from '../../src/console/gate.ts';
import { createJobs } from '../../src/console/jobs/jobs.ts';
import { isRole, type Role } from '../../src/console/role.ts';
import { routes } from '../../src/console/routes.ts';
import { readStaticFiles } from '../../src/console/staticFiles.ts';
import { readAlternativeQuery, readVersion } from '../../src/installation.ts';
import { createTeardown } from '../../src/runtime/teardown.ts';
import { createTimeZone } from '../../src/runtime/timeZone.ts';
import { openAudit } from '../../src/support/audit.ts';
import { openSession } from '../../src/support/session.ts';
import { createTimes } from '../../src/support/words.ts';
import { createMemoryLogger } from './memoryLogger.ts';

/** What a browser gets. */
interface ShownPage {
  readonly status: number;
  readonly html: string;
  /** Without its tags. */
  readonly text: string;
  /** Where an act has led, with the part of the page; null when it led nowhere. */
  readonly to: string | null;
}

export type ConsoleApp = ReturnType<typeof openConsoleApp>;

/** The console on real servers, without its port: who asks is who the test says. */
export function openConsoleApp(settings: Readonly<Record<string, string>>) {
  const loaded = loadConfig(settings);
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  const { config } = loaded;
  const zone = createTimeZone(config.call.payloadTimeZone);
  const logger = createMemoryLogger();
  const stopping = new AbortController();
  const teardown = createTeardown();
  const session = openSession(
    config,
    {
      version: readVersion(),
      alternativeQuery: readAlternativeQuery(),
      stopping: stopping.signal,
      connections: 4,
    },
    teardown,
  );
  const { adminServer } = config.mysql;
  const context: ConsoleContext = {
    session,
    central: adminServer === null ? null : { server: adminServer, schemes: config.egress.schemes },
    zone,
    times: createTimes((time) => zone.format(time)),
    audit: openAudit(session, logger),
    jobs: createJobs(session, logger),
    commandName: 'npm run cli --',
    logger,
    cookieSecret: 'of a test',
  };
  const files = readStaticFiles(join(packageRoot(), 'src/console/static'));
  const app = createConsole({ context, gate: gateByHeader, routes, files });
  const ask = async (path: string, role: Role, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('x-role', role);
    const [address = ''] = path.split('#');
    return await app.request(address, { ...init, headers });
  };
  return {
    context,
    logger,
    async get(path: string, role: Role = 'editor'): Promise<ShownPage> {
      return await shown(await ask(path, role));
    },
    /** Sends a form, and follows where it leads. */
    async act(
      path: string,
      fields: Readonly<Record<string, string>> = {},
      role: Role = 'editor',
    ): Promise<ShownPage> {
      const answer = await ask(path, role, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { 'sec-fetch-site': 'same-origin' },
      });
      const to = answer.headers.get('location');
      if (to === null) return await shown(answer);
      const cookies = answer.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] ?? '');
      const page = await ask(to, role, { headers: { cookie: cookies.join('; ') } });
      return { ...(await shown(page)), to };
    },
    /** As the process does at a stop. */
    async close(): Promise<void> {
      stopping.abort();
      await context.jobs.settled();
      await teardown.run();
    },
  };
}

const gateByHeader: Gate = {
  async identify(request) {
    const role = request.req.header('x-role') ?? '';
    return await Promise.resolve(isRole(role) ? { name: 'asha', role } : null);
  },
  challenge: (request) => request.text('Sign in first.\n', 401),
  routes: [],
  announce: () => undefined,
};

async function shown(answer: Response): Promise<ShownPage> {
  const html = await answer.text();
  return { status: answer.status, html, text: textOf(html), to: answer.headers.get('location') };
}

const entities: Readonly<Record<string, string>> = {
  '&quot;': '"',
  '&#39;': "'",
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
};

function textOf(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&(?:quot|#39|lt|gt|amp);/g, (entity) => entities[entity] ?? entity)
    .replaceAll(/\s+/g, ' ');
}
