import { jest } from '@jest/globals';
import { noAttempts, withAttemptBegun, type AttemptLog } from '../../../src/domain/attemptLog.ts';
import { createCustody, type Custody } from '../../../src/pipeline/custody.ts';
import { aLog, answered, aParked } from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import type { Turn } from '../../support/fakePorts.ts';
import type { FakeRetries } from '../../support/fakeRetries.ts';

export const id = 'sms-1:DELIVERED';
export const flush = async (): Promise<void> => await jest.advanceTimersByTimeAsync(0);
export const begun = withAttemptBegun(noAttempts, new Date());
export const failedOnce = aLog(answered(500));
export const begunAgain = withAttemptBegun(failedOnce, new Date());

interface Held {
  readonly custody: Custody;
  readonly retries: FakeRetries;
  readonly stopping: AbortController;
  readonly onParked: jest.Mock<() => void>;
  readonly claims: ReadonlyMap<string, string>;
}

export async function begin(custody: Custody, log: AttemptLog): Promise<void> {
  await custody.beginAttempt(log);
  custody.attemptRuns(log);
}

/** A notification from the stream, or from a row that is claimed already. */
export async function hold(
  options: {
    readonly turn?: Turn;
    readonly fromRow?: boolean;
    readonly canBeParked?: boolean;
  } = {},
): Promise<Held> {
  const { retries } = createFakeDatabase(options.turn);
  const { log, ...parked } = aParked();
  const claim = options.fromRow === true ? await retries.parkClaimed({ ...parked, log }) : null;
  const stopping = new AbortController();
  const onParked = jest.fn<() => void>();
  const claims = new Map<string, string>();
  const custody = createCustody({
    retries,
    parked,
    claim,
    claims,
    canBeParked: options.canBeParked ?? true,
    onParked,
    stopping: stopping.signal,
  });
  return { custody, retries, stopping, onParked, claims };
}
