import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../config/loadConfig.ts';
import { packageRoot } from '../config/packageRoot.ts';
import { formatProblem } from '../config/reading.ts';
import { runConsole } from './console/run.ts';
import { loadDotEnv, readAlternativeQuery, readVersion } from './installation.ts';
import { createLogger } from './observability/logger.ts';
import { surviveClosedOutputs } from './runtime/closedOutputs.ts';
import { ConfigurationError, toError } from './runtime/errors.ts';
import { onStopSignals } from './runtime/signals.ts';
import { createTimeZone } from './runtime/timeZone.ts';

/** What supervisors see. 78 is EX_CONFIG, 70 EX_SOFTWARE of sysexits.h. */
const exitCodes = { clean: 0, bug: 70, configuration: 78 } as const;

/** A page that is being made; nothing depends on it. */
const GRACE_MS = 5_000;

async function main(): Promise<number> {
  // People can wait for a page; a worker on the same machine can't.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  surviveClosedOutputs();
  loadDotEnv();
  const loaded = loadConfig(process.env);
  if (!loaded.ok) {
    const problems = loaded.problems.map((problem) => `  ${formatProblem(problem)}\n`);
    process.stderr.write(`The settings can't be used:\n${problems.join('')}`);
    return exitCodes.configuration;
  }
  const { config } = loaded;
  const zone = createTimeZone(config.call.payloadTimeZone);
  const logger = createLogger({ ...config.log, zone });
  for (const warning of loaded.warnings) logger.warn('setting_warning', { warning });
  const { stopping } = onStopSignals({
    graceMs: GRACE_MS,
    longestCallMs: 0,
    onSignal: (signal) => logger.info('draining', { signal, graceMs: GRACE_MS }),
    onOverdue: () => process.exit(exitCodes.clean),
  });
  try {
    await runConsole(config, {
      logger,
      zone,
      stopping,
      version: readVersion(),
      alternativeQuery: readAlternativeQuery(),
      staticFolder: join(packageRoot(), 'src/console/static'),
    });
    logger.info('stopped');
    return exitCodes.clean;
  } catch (thrown) {
    const error = toError(thrown);
    const isConfiguration = error instanceof ConfigurationError;
    logger.error(isConfiguration ? 'start_failed' : 'crashed', { error });
    return isConfiguration ? exitCodes.configuration : exitCodes.bug;
  }
}

process.exitCode = await main();
