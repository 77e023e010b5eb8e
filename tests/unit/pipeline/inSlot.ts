import type { Lanes } from '../../../src/pipeline/lanes.ts';

/** Makes one call in a slot of its endpoint's lane, as something that comes from the stream. */
export async function inSlot<Result>(
  lanes: Lanes,
  endpoint: string,
  signal: AbortSignal,
  call: () => Promise<Result>,
): Promise<Result> {
  const slot = await lanes.take(endpoint, 'news', signal);
  try {
    return await call();
  } finally {
    slot.release();
  }
}
