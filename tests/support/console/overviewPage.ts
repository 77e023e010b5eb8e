import { join } from 'node:path';
import { loadConfig } from '../../../config/loadConfig.ts';
import { packageRoot } from '../../../config/packageRoot.ts';
import { createJobs } from '../../../src/console/jobs/jobs.ts';
import { createConsole } from '../../../src/console/app.tsx';
import { overviewRoutes } from '../../../src/console/pages/overview.tsx';
import { statisticsRoutes } from '../../../src/console/pages/statistics.tsx';
import { readStaticFiles } from '../../../src/console/staticFiles.ts';
import { readAlternativeQuery, readVersion } from '../../../src/installation.ts';
import { createTeardown } from '../../../src/runtime/teardown.ts';
import { createTimeZone } from '../../../src/runtime/timeZone.ts';
import { openSession } from '../../../src/support/session.ts';
import { createTimes } from '../../../src/support/words.ts';
import { createMemoryLogger } from '../memoryLogger.ts';

/** The overview as a viewer gets it, with these settings as the whole environment. */
export function openOverview(settings: Readonly<Record<string, string>>) {
  const loaded = loadConfig(settings);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { config } = loaded;
  const teardown = createTeardown();
  const logger = createMemoryLogger();
  const zone = createTimeZone(config.call.payloadTimeZone);
  const stopping = new AbortController();
  const version = readVersion();
  const alternativeQuery = readAlternativeQuery();
  const options = { version, alternativeQuery, stopping: stopping.signal, connections: 4 };
  const session = openSession(config, options, teardown);
  const refuse = (): never => {
    throw new Error('nobody has to sign in here');
  };
  const app = createConsole({
    context: {
      ...{ session, zone, logger, central: null, cookieSecret: 'secret' },
      times: createTimes((time) => zone.format(time)),
      audit: { add: () => Promise.resolve() },
      jobs: createJobs(session, logger),
      commandName: 'npm run cli --',
    },
    gate: {
      identify: () => Promise.resolve({ name: 'somebody', role: 'viewer' }),
      challenge: refuse,
      announce: refuse,
      routes: [],
    },
    routes: [...overviewRoutes, ...statisticsRoutes],
    files: readStaticFiles(join(packageRoot(), 'src/console/static')),
  });
  return {
    session,
    logger,
    async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
      const response = await app.request(`http://console.example${path}`);
      return { status: response.status, body: await response.text() };
    },
    close: teardown.run,
  };
}
