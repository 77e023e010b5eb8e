import { jest } from '@jest/globals';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import { noAttempts, type AttemptLog } from '../../../src/domain/attemptLog.ts';
import type { Notification } from '../../../src/domain/notification.ts';
import type { DeliveryRecord } from '../../../src/domain/record.ts';
import { createCustody } from '../../../src/pipeline/custody.ts';
import { deliver } from '../../../src/pipeline/deliver.ts';
import { parkable } from '../../../src/pipeline/handleChange.ts';
import { answered, aNotification } from '../../support/builders.ts';
import { createFakeSender } from '../../support/fakePorts.ts';
import { createWorld, type World, type WorldOptions } from '../../support/world.ts';

/** A world whose receiver answers in turn, the last answer for ever; two quick retries, no others. */
export function createReceiving(
  answers: readonly (AttemptOutcome | Promise<AttemptOutcome>)[] = [answered(200)],
  options: WorldOptions = {},
): World {
  const left = [...answers];
  const sender = createFakeSender(
    () => (left.length > 1 ? left.shift() : left[0]) ?? answered(200),
  );
  return createWorld({ sender, quickRetriesMs: [1_000, 4_000], ...options });
}

export interface DeliveryOptions {
  readonly notification?: Notification;
  readonly acceptedAt?: Date;
  readonly log?: AttemptLog;
  /** Its row's, which must be there. */
  readonly claim?: string;
  onParked?(): void;
}

/** Delivers one notification in a world. */
export async function deliverIn(world: World, options: DeliveryOptions = {}): Promise<void> {
  const { notification = aNotification(), acceptedAt = new Date(), log = noAttempts } = options;
  const { retries, stopping, deps } = world;
  const custody = createCustody({
    retries,
    parked: parkable(notification, acceptedAt),
    claim: options.claim ?? null,
    claims: deps.claims,
    canBeParked: await retries.canHold(notification.body),
    onParked: options.onParked ?? (() => undefined),
    stopping: stopping.signal,
  });
  await deliver({ notification, acceptedAt, log, custody, slot: null }, deps);
}

/** Delivers it and lets time pass until that is over; the record written last. */
export async function deliverToEnd(
  world: World,
  options: DeliveryOptions = {},
): Promise<DeliveryRecord | null> {
  const ended = deliverIn(world, options);
  await jest.runAllTimersAsync();
  await ended;
  return world.database.endings.at(-1)?.record ?? null;
}

export const flush = async (): Promise<void> => await jest.advanceTimersByTimeAsync(0);
export const numbersSent = ({ sender }: World): number[] => sender.sent.map(({ number }) => number);
