import { ConfigurationError, toError } from './runtime/errors.ts';
import type { Logger } from './runtime/logger.ts';

/** What supervisors see. 78 is EX_CONFIG, 70 EX_SOFTWARE of sysexits.h. */
export const exitCodes = { clean: 0, bug: 70, configuration: 78 } as const;

/** Writes what is wrong with the settings where no log is set up yet; the exit code. */
export function refuseSettings(problems: readonly string[]): number {
  const lines = problems.map((problem) => `  ${problem}\n`);
  process.stderr.write(`The settings can't be used:\n${lines.join('')}`);
  return exitCodes.configuration;
}

/** Does what the process is there for, and logs how that ended; the exit code. */
export async function runToEnd(logger: Logger, work: () => Promise<void>): Promise<number> {
  try {
    await work();
    logger.info('stopped');
    return exitCodes.clean;
  } catch (thrown) {
    const error = toError(thrown);
    const isConfiguration = error instanceof ConfigurationError;
    logger.error(isConfiguration ? 'start_failed' : 'crashed', { error });
    return isConfiguration ? exitCodes.configuration : exitCodes.bug;
  }
}
