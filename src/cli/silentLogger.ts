import type { Logger } from '../runtime/logger.ts';

const nothing = (): void => undefined;

/** Commands say themselves what there is to say. */
export const silentLogger: Logger = {
  error: nothing,
  warn: nothing,
  info: nothing,
  debug: nothing,
};
