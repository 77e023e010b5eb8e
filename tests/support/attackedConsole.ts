import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import {
  openCentralDatabase,
  type CentralDatabase,
} from '../../scripts/harness/centralDatabase.ts';
import { packageRoot } from '../../config/packageRoot.ts';
import { page } from '../../src/console/components/frame.tsx';
import type { Route } from '../../src/console/context.ts';
import { readForm, readQuery } from '../../src/console/form.ts';
import { redirectWith } from '../../src/console/notice.ts';
import { routes as allRoutes } from '../../src/console/routes.ts';
import { Refused } from '../../src/support/session.ts';
import { startConsole, throughProxy, type ConsoleUnderTest } from './consoleUnderTest.ts';
import { hostile, seedHostile } from './hostileTexts.ts';
import { useServers, type TestServers } from './servers.ts';

/** Stand for pages and acts that show what they are given, so that a suite without pages tests something. */
const probes: readonly Route[] = [
  {
    method: 'GET',
    path: '/probe/:id',
    role: 'viewer',
    async handle(request) {
      const children = `${request.req.param('id') ?? ''} ${readQuery(request).text('probe')}`;
      return await page(request, { title: children, children });
    },
  },
  {
    method: 'POST',
    path: '/probe/:id',
    role: 'support',
    async handle(request) {
      const text = (await readForm(request)).text('probe');
      return await redirectWith(request, '/probe/1', `Notice of ${text}`);
    },
  },
  {
    method: 'POST',
    path: '/probe-refused',
    role: 'editor',
    handle: async (request) => {
      throw new Refused(`It is not possible: ${(await readForm(request)).text('probe')}`);
    },
  },
];

const fieldsRead = new Map<string, Set<string>>();

const keyOf = ({ method, path }: Pick<Route, 'method' | 'path'>): string => `${method} ${path}`;

/** Every route there is. */
export const routes: readonly Route[] = [...allRoutes, ...probes].map(noteFields);

/** The names of the fields and parameters that a route has asked for so far. */
export function fieldsOf(route: Route): readonly string[] {
  return [...(fieldsRead.get(keyOf(route)) ?? [])];
}

function noteFields(route: Route): Route {
  const read = new Set<string>();
  fieldsRead.set(keyOf(route), read);
  return {
    ...route,
    async handle(request) {
      const { req } = request;
      const [query, parseBody] = [req.query.bind(req), req.parseBody.bind(req)];
      Object.assign(req, {
        query(name: string) {
          read.add(name);
          return query(name);
        },
        parseBody: async () =>
          new Proxy(await parseBody(), {
            getOwnPropertyDescriptor(body, name) {
              read.add(String(name));
              return Reflect.getOwnPropertyDescriptor(body, name);
            },
          }),
      });
      return await route.handle(request);
    },
  };
}

const parameter = /(?<place>[\w-]*)\/:(?<name>\w+)(?:\{[^}]*\})?\??/g;

/** A path of the route, with this in the place of each of its parameters. */
export function pathOf({ path }: Pick<Route, 'path'>, value: string): string {
  return path.replaceAll(parameter, (_whole, place: string) => `${place}/${value}`);
}

/** A path that leads to what was seeded. */
export function seededPathOf({ path }: Pick<Route, 'path'>): string {
  return path.replaceAll(parameter, (_whole, place: string, name: string) => {
    const id = seededIds.find(([form]) => form.test(`${place} ${name}`))?.[1];
    return `${place}/${encodeURIComponent(id ?? hostile.account)}`;
  });
}

/** By the place before the parameter, and its name. */
const seededIds: readonly (readonly [form: RegExp, id: string])[] = [
  [/sms/i, hostile.id],
  [/webhook/i, '1'],
  [/flow/i, String(hostile.flow)],
  [/job/i, hostile.job],
];

/** The names of all fields and parameters that any page reads, as its source says. */
export function fieldNames(): readonly string[] {
  const folder = join(packageRoot(), 'src/console');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  const reads =
    /(?:\.(?:text|required|id|lines|has|query)\(\s*|\bname=\{?)["'](?<name>[\w-]+)["']/g;
  const names = sources.flatMap((source) =>
    [...source.matchAll(reads)].map(({ groups }) => groups?.['name'] ?? ''),
  );
  return [...new Set([...names, 'probe'])].toSorted();
}

export interface AttackedConsole {
  readonly servers: TestServers;
  readonly served: ConsoleUnderTest;
}

/** All routes over real servers, in which every text is hostile. Its proxy is this machine. */
export function useAttackedConsole(testFile: string): () => AttackedConsole {
  const servers = useServers(testFile);
  let central: CentralDatabase | null = null;
  let served: ConsoleUnderTest | null = null;
  beforeAll(async () => {
    const { mongodbUri, mysqlUri, database } = servers();
    central = await openCentralDatabase(mysqlUri);
    await seedHostile(servers(), central);
    const settings = {
      ...throughProxy,
      MONGODB_URI: mongodbUri,
      MYSQL_URI: mysqlUri,
      MYSQL_ADMIN_URI: mysqlUri,
      MONGODB_DATABASE: database,
    };
    served = await startConsole({ settings, routes });
  });
  afterAll(async () => {
    await served?.close();
    await central?.close();
  });
  return () => {
    if (served === null) throw new Error('the console is there from the first beforeAll on');
    return { servers: servers(), served };
  };
}
