import type { Collection } from 'mongodb';
import { createChangeSource } from '../../src/mongo/changeStream.ts';
import type { Change, StreamPosition } from '../../src/domain/change.ts';
import type { PlainValue } from '../../src/domain/plainValue.ts';
import type { ChangeSource, ChangeStreamHandle, StreamEvent } from '../../src/ports/source.ts';
import { until } from './until.ts';

/** Reads that wait for 50 ms instead of a second when nothing happens. */
export function quickChangeSource(sms: Collection): ChangeSource {
  return createChangeSource(sms, { maxAwaitTimeMs: 50 });
}

export interface OpenStream extends AsyncDisposable {
  readonly handle: ChangeStreamHandle;
  /** Just before whatever is read next. */
  readonly position: StreamPosition;
}

/** A stream that has read all there is so far. */
export async function openAtEnd(sms: Collection): Promise<OpenStream> {
  const source = quickChangeSource(sms);
  const handle = await source.open(await source.currentPosition(), { replay: false });
  const position = await until('the stream has nothing more', async () => {
    const read = await handle.read();
    return read.kind === 'idle' ? read.position : null;
  });
  return { handle, position, [Symbol.asyncDispose]: handle.close };
}

const SENTINEL = 'the last status so far';

/**
 * All reads so far, without the empty ones: writes a status of its own and reads up to that. So "nothing
 * came" is known without waiting. Such statuses of earlier calls are left out too.
 */
export async function readsSoFar(
  handle: ChangeStreamHandle,
  sms: Collection,
): Promise<readonly StreamEvent[]> {
  const { insertedId } = await sms.insertOne({ deliveryStatus: SENTINEL });
  const reads: StreamEvent[] = [];
  for (;;) {
    const read = await handle.read();
    const change = read.kind === 'change' ? read.change : null;
    if (change?.deliveryStatus !== SENTINEL && read.kind !== 'idle') reads.push(read);
    if (change?.id === insertedId.toHexString() || read.kind === 'collectionGone') return reads;
  }
}

/** Opens at a position, reads all there is, and closes. */
export async function readsFrom(
  sms: Collection,
  position: StreamPosition,
  { replay = false }: { readonly replay?: boolean } = {},
): Promise<readonly StreamEvent[]> {
  const handle = await quickChangeSource(sms).open(position, { replay });
  try {
    return await readsSoFar(handle, sms);
  } finally {
    await handle.close();
  }
}

export function changesOf(reads: readonly StreamEvent[]): readonly Change[] {
  return reads.flatMap((read) => (read.kind === 'change' ? [read.change] : []));
}

/** Which document each change is of. */
export function idsOf(reads: readonly StreamEvent[]): readonly PlainValue[] {
  return changesOf(reads).map((change) => change.id);
}
