import type { Place } from './places.ts';

const EVERY_MS = 250;

/**
 * Looks at how far the saved checkpoint is behind while `task` runs, and gives the most, in seconds. What it was
 * behind before does not count: an idle worker saves seldom.
 */
export async function withCheckpointLag<Result>(
  { sms }: Pick<Place, 'sms'>,
  task: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly lagSeconds: number }> {
  const checkpoints = sms.db.collection('notify_on_delivery_checkpoints');
  const beganAt = Date.now();
  let lagMs = 0;
  let looking = Promise.resolve();
  const look = async (): Promise<void> => {
    const row = await checkpoints.findOne({});
    const savedAt = (row?.['wallTime'] as Date | undefined)?.getTime() ?? 0;
    lagMs = Math.max(lagMs, Date.now() - Math.max(savedAt, beganAt));
  };
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, EVERY_MS);
  try {
    const result = await task();
    await looking;
    return { result, lagSeconds: lagMs / 1_000 };
  } finally {
    clearInterval(timer);
    await looking.catch(() => undefined);
  }
}
