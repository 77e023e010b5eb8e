import { jest } from '@jest/globals';
import { type AttemptLog, noAttempts, withAttemptBegun } from '../../../src/domain/attempt.ts';
import { createClaim, type Claim } from '../../../src/notify/claim.ts';
import { aLog, answered, aRetry } from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { newClaim } from '../../support/someRetries.ts';
import type { Turn } from '../../support/fakePorts.ts';
import type { FakeRetries } from '../../support/fakeRetries.ts';

export const id = 'sms-1:DELIVERED';
export const flush = async (): Promise<void> => await jest.advanceTimersByTimeAsync(0);
export const begun = withAttemptBegun(noAttempts, new Date());
export const failedOnce = aLog(answered(500));
export const begunAgain = withAttemptBegun(failedOnce, new Date());

interface Held {
  readonly claim: Claim;
  readonly retries: FakeRetries;
  readonly stopping: AbortController;
  readonly onPersisted: jest.Mock<() => void>;
  readonly claims: ReadonlyMap<string, string>;
}

export async function begin(claim: Claim, log: AttemptLog): Promise<void> {
  await claim.beginAttempt(log);
  claim.attemptRuns(log);
}

/** A notification from the stream, or from a row that is claimed already. */
export async function hold(
  options: {
    readonly turn?: Turn;
    readonly fromRow?: boolean;
    readonly canBeScheduled?: boolean;
  } = {},
): Promise<Held> {
  const { retries } = createFakeDatabase(options.turn);
  const { log, ...retry } = aRetry();
  const token = options.fromRow === true ? await newClaim(retries, { ...retry, log }) : null;
  const stopping = new AbortController();
  const onPersisted = jest.fn<() => void>();
  const claims = new Map<string, string>();
  const claim = createClaim(
    { retry, token, canBeScheduled: options.canBeScheduled ?? true },
    { retries, claims, term: { stopping: stopping.signal } },
  );
  void claim.persisted.then(onPersisted);
  return { claim, retries, stopping, onPersisted, claims };
}
