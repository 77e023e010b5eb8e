import type { Attempt } from '../domain/attempt.ts';
import type { Webhook } from '../domain/route.ts';

/** Everything needed to make the call of an attempt. */
export interface Call extends Omit<Attempt, 'webhook'> {
  readonly webhook: Pick<Webhook, 'url' | 'headers' | 'signingKeys' | 'endpointKey'>;
  readonly startedAt: Date;
}
