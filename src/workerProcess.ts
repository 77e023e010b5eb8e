import type { Config } from '../config/config.ts';
import { describeConfig, loadConfig } from '../config/loadConfig.ts';
import { formatProblem } from '../config/reading.ts';
import { loadDotEnv, readAlternativeQuery, readVersion } from './installation.ts';
import { createLogger } from './observability/logger.ts';
import { systemdSocketOf } from './observability/systemdNotify.ts';
import { exitCodes, refuseSettings, runToEnd } from './processEnd.ts';
import { surviveClosedOutputs } from './runtime/closedOutputs.ts';
import { endProcess } from './runtime/endProcess.ts';
import { toError } from './runtime/errors.ts';
import { limitHeapGrowth } from './runtime/heapGrowth.ts';
import type { Logger } from './runtime/logger.ts';
import { onStopSignals } from './runtime/signals.ts';
import { createTimeZone } from './runtime/timeZone.ts';
import { runWorker } from './worker.ts';

/** What is left of orderly endings, once everything has been closed or given up. */
const LINGER_MS = 500;

async function main(): Promise<void> {
  surviveClosedOutputs();
  limitHeapGrowth();
  loadDotEnv();
  const loaded = loadConfig(process.env);
  if (!loaded.ok) {
    process.exitCode = refuseSettings(loaded.problems.map(formatProblem));
    return;
  }
  const { config, warnings } = loaded;
  const zone = createTimeZone(config.call.payloadTimeZone);
  const logger = createLogger({ ...config.log, zone });
  endOnBugs(logger);
  logger.info('settings', { ...describeConfig(config) });
  for (const warning of warnings) logger.warn('setting_warning', { warning });
  const exitCode = await run(config, logger);
  process.exitCode = exitCode;
  // What could not be cut off, such as a connection that is dead in silence, must not keep the process.
  setTimeout(endProcess, LINGER_MS, exitCode).unref();
}

async function run(config: Config, logger: Logger): Promise<number> {
  const { graceMs } = config.shutdown;
  const { stopping, abandoned } = onStopSignals({
    graceMs,
    longestCallMs: config.call.requestTimeoutMs,
    onSignal: (signal) => logger.info('draining', { signal, graceMs }),
    onOverdue() {
      logger.error('stop_overdue', { graceMs });
      endProcess(exitCodes.clean);
    },
  });
  return await runToEnd(logger, async () => {
    const version = readVersion();
    const alternativeQuery = readAlternativeQuery();
    const systemd = systemdSocketOf(process.env);
    const signals = { stopping, abandoned };
    await runWorker(config, { logger, ...signals, version, alternativeQuery, systemd });
  });
}

function endOnBugs(logger: Logger): void {
  const end = (thrown: unknown): void => {
    logger.error('crashed', { error: toError(thrown) });
    endProcess(exitCodes.bug);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

await main();
