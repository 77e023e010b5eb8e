import type { StreamPosition } from '../../src/domain/change.ts';
import type { CheckpointStore } from '../../src/ports/source.ts';
import { atOnce, type Turn } from './fakePorts.ts';

export interface FakeCheckpoints extends CheckpointStore {
  /** Every position this store has saved, oldest first. */
  readonly saved: readonly StreamPosition[];
  readonly state: FakeCheckpointState;
}

/** What all who save the checkpoint see of it. */
export interface FakeCheckpointState {
  row: Readonly<{ position: StreamPosition; epoch: number; save: symbol | null }> | null;
}

/** A checkpoint that no holder of a lease has saved; none at all for null. */
export function savedCheckpoint(position: StreamPosition | null = null): FakeCheckpointState {
  return { row: position === null ? null : { position, epoch: 0, save: null } };
}

/** One holder's view of the checkpoint. */
export function createFakeCheckpoints(
  initial: StreamPosition | null = null,
  turn: Turn = atOnce,
  {
    state = savedCheckpoint(initial),
    epoch = 1,
  }: Readonly<{ state?: FakeCheckpointState; epoch?: number }> = {},
): FakeCheckpoints {
  const saved: StreamPosition[] = [];
  /** The last save that was seen; undefined before there was a look. */
  let seen: symbol | null | undefined;
  return {
    saved,
    state,
    async load() {
      await turn('load');
      const { row } = state;
      seen = row?.save ?? null;
      return row === null ? null : { position: row.position, doubt: null };
    },
    async save(position) {
      await turn('save');
      const { row } = state;
      const isTurnedBack = row !== null && seen !== undefined && row.save !== seen;
      if (isTurnedBack || (row !== null && row.epoch > epoch)) return 'fenced';
      seen = Symbol('save');
      state.row = { position, epoch, save: seen };
      saved.push(position);
      return 'saved';
    },
  };
}
