import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import { awayServer, sentenceOf } from '../support/errorSentence.ts';
import { Refused } from '../support/session.ts';
import { page } from './components/frame.tsx';
import type { ConsoleContext, ConsoleEnv, Request, Route } from './context.ts';
import type { Gate } from './gate.ts';
import { mayAct } from './role.ts';
import { refuseOtherSites } from './sameSite.ts';
import type { StaticFiles } from './staticFiles.ts';
import { createTurns, type Turns } from './turns.ts';

/** No form of the console is larger. */
const LARGEST_FORM_BYTES = 64 * 1024;

/**
 * The worker's database must not have to answer a hundred people at once. While people wait, pages and what they ask
 * take about a quarter of one processor's time; somebody alone notices nothing.
 */
const turnsOfPages = {
  atOnce: 1,
  inAll: 120,
  perKey: 20,
  longestTurnMs: 250,
  restTimes: 3,
} as const;

interface ConsoleOptions {
  readonly context: ConsoleContext;
  readonly gate: Gate;
  readonly routes: readonly Route[];
  readonly files: StaticFiles;
}

/** The console as a function from requests to responses. It never throws. */
export function createConsole({ context, gate, routes, files }: ConsoleOptions): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  const turns = createTurns(turnsOfPages);
  app.use(secureHeaders(securityOptions));
  app.use(async (request, next) => {
    request.set('context', context);
    await next();
    // Pages show what belongs to customers.
    if (!request.res.headers.has('cache-control')) {
      request.res.headers.set('cache-control', 'no-store');
    }
  });
  app.use(refuseOtherSites);
  app.use(bodyLimit({ maxSize: LARGEST_FORM_BYTES, onError: tooLarge }));
  app.get('/static/:name', (request) => files.serve(request, request.req.param('name')));
  app.get('/livez', (request) => request.json({ status: 'ok', components: {} }));
  for (const route of [...gate.routes, ...routes]) {
    app.on(
      route.method,
      route.path,
      async (request) => await admit(request, route, { gate, turns }),
    );
  }
  app.notFound(async (request) => {
    const children = <Problem title="Not found">There is no such page.</Problem>;
    return await page(request, { title: 'Not found', children }, 404);
  });
  app.onError(async (error, request) => await failure(request, error));
  return app;
}

const securityOptions = {
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
  // With `no-referrer`, browsers would not say where a form comes from.
  referrerPolicy: 'same-origin',
  xFrameOptions: 'DENY',
  // Whoever puts TLS in front decides for the host's other sites, too.
  strictTransportSecurity: false,
} satisfies NonNullable<Parameters<typeof secureHeaders>[0]>;

/** Calls the route for who may, when it is its turn. */
async function admit(
  request: Request,
  route: Route,
  { gate, turns }: Readonly<{ gate: Gate; turns: Turns }>,
): Promise<Response> {
  if (route.role === 'anyone') return await route.handle(request);
  const person = await gate.identify(request);
  if (person === null) return await gate.challenge(request);
  request.set('person', person);
  if (mayAct(person.role, route.role)) {
    // Acts are few, and must not wait behind pages that refresh themselves.
    if (route.method === 'POST') return await route.handle(request);
    const made = await turns.run(person.name, async () => await route.handle(request));
    return made === 'busy' ? await tooBusy(request) : made;
  }
  const children = (
    <Problem title="Not allowed">
      {`This needs the role "${route.role}"; ${person.name} has "${person.role}".`}
    </Problem>
  );
  return await page(request, { title: 'Not allowed', children }, 403);
}

async function tooBusy(request: Request): Promise<Response> {
  const children = (
    <Problem title="Too busy">
      Too many pages are asked for at once. Try again in a few seconds.
    </Problem>
  );
  request.header('Retry-After', '5');
  return await page(request, { title: 'Too busy', children }, 503);
}

async function tooLarge(request: Request): Promise<Response> {
  const children = <Problem title="Too large">The form is larger than 64 KiB.</Problem>;
  return await page(request, { title: 'Too large', children }, 413);
}

async function failure(request: Request, error: Error): Promise<Response> {
  const isRefused = error instanceof Refused;
  const away = awayServer(error);
  const status = isRefused ? 409 : away === null ? 500 : 503;
  const { logger } = request.get('context');
  if (!isRefused) {
    const { method, routePath } = request.req;
    logger.error('console_request_failed', { method, route: routePath, error });
  }
  const said = away === null ? 'Something went wrong' : `${away} does not answer`;
  const title = isRefused ? 'Not possible' : said;
  const children = <Problem title={title}>{sentenceOf(error)}</Problem>;
  return await page(request, { title, children }, status);
}

function Problem({ title, children }: { title: string; children: string }) {
  return (
    <>
      <h1>{title}</h1>
      <p class="problem" role="alert">
        {children}
      </p>
      <p>
        <a href="/">To the overview</a>
      </p>
    </>
  );
}
