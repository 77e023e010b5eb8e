import type { Config } from '../../../config/config.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Gate } from '../gate.ts';

interface GateOptions {
  readonly logger: Logger;
  readonly cookieSecret: string;
}

/** Lets nobody in as yet. */
export function openGate(_config: Config['console'], _options: GateOptions): Gate {
  return {
    identify: async () => await Promise.resolve(null),
    challenge: (request) => request.text('Sign in first.\n', 401),
    routes: [],
    announce: () => undefined,
  };
}
