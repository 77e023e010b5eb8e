import type { AttemptLog } from '../domain/attempt.ts';
import type { Notification } from '../domain/notification.ts';
import type { Trace } from '../ports/tracing.ts';
import type { Hold } from '../runtime/byteBudget.ts';
import type { Claim } from './claim.ts';

/** One notification on its way. */
export interface Delivery {
  readonly notification: Notification;
  /** No attempt may begin after this. */
  readonly deadline: Date;
  readonly claim: Claim;
  readonly trace: Trace;
  /** What its attempts have come to so far. */
  log: AttemptLog;
  /** What the last response of these takes of memory. */
  readonly hold: Hold;
}
