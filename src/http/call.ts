import type { Attempt } from '../domain/attempt.ts';
import type { Webhook } from '../domain/route.ts';

/** What is needed to make an attempt's call. */
export interface Call extends Omit<Attempt, 'webhook'> {
  readonly webhook: Pick<Webhook, 'url' | 'headers' | 'signingKeys' | 'endpointKey'>;
  readonly startedAt: Date;
}
