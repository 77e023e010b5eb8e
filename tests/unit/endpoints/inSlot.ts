import { abortReason } from '../../../src/runtime/abort.ts';
import type { Slot } from '../../../src/endpoints/queue.ts';
import type { EndpointQueues } from '../../../src/endpoints/queues.ts';

/** What must be a slot: nothing sheds or stops the one who asks for it. */
export async function given(taking: ReturnType<EndpointQueues['take']>): Promise<Slot> {
  const slot = await taking;
  if (slot === 'shed' || slot === 'stopped') throw new Error(slot);
  return slot;
}

/** Makes one call in a slot of its endpoint's queue, as something that comes from the stream. */
export async function inSlot<Result>(
  queues: EndpointQueues,
  endpoint: string,
  signal: AbortSignal,
  call: () => Promise<Result>,
): Promise<Result> {
  const slot = await queues.take(endpoint, 'fresh', signal);
  if (slot === 'stopped') throw abortReason(signal);
  if (slot === 'shed') throw new Error(slot);
  try {
    return await call();
  } finally {
    slot.release();
  }
}
