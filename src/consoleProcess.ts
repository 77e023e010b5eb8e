import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../config/loadConfig.ts';
import { packageRoot } from '../config/packageRoot.ts';
import { formatProblem } from '../config/reading.ts';
import { runConsole } from './console/run.ts';
import { commandName, loadDotEnv, readAlternativeQuery, readVersion } from './installation.ts';
import { createLogger } from './observability/logger.ts';
import { exitCodes, refuseSettings, runToEnd } from './processEnd.ts';
import { surviveClosedOutputs } from './runtime/closedOutputs.ts';
import { onStopSignals } from './runtime/signals.ts';
import { createTimeZone } from './runtime/timeZone.ts';

/** A page that is being made; nothing depends on it. */
const GRACE_MS = 5_000;

async function main(): Promise<number> {
  // People can wait for a page; a worker on the same machine can't.
  setPriority(constants.priority.PRIORITY_LOW);
  surviveClosedOutputs();
  loadDotEnv();
  const loaded = loadConfig(process.env);
  if (!loaded.ok) return refuseSettings(loaded.problems.map(formatProblem));
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
  return await runToEnd(logger, async () => {
    await runConsole(config, {
      logger,
      announcer: createLogger({ ...config.log, level: 'info', zone }),
      zone,
      stopping,
      version: readVersion(),
      commandName: commandName(),
      alternativeQuery: readAlternativeQuery(),
      staticFolder: join(packageRoot(), 'src/console/static'),
    });
  });
}

process.exitCode = await main();
