import { beforeEach, describe, expect, it } from '@jest/globals';
import type { StreamPosition } from '../../src/domain/change.ts';
import type { CheckpointStore } from '../../src/ports/source.ts';

/** A checkpoint that several workers save, and what a test may do to it. */
export interface CheckpointUnderTest {
  /** The store of a worker that has just got the lease with this epoch. */
  holder(epoch: number): CheckpointStore;
  /** Positions of the stream, the later the greater the number. */
  position(at: number): StreamPosition;
  /** Keeps the checkpoint as it is now; the function it returns turns it back to that. */
  keep(): Promise<() => Promise<void>>;
}

/** What every `CheckpointStore` does. */
export function describeCheckpointStore(underTest: () => CheckpointUnderTest): void {
  let checkpoint: CheckpointUnderTest;
  let store: CheckpointStore;
  beforeEach(() => {
    checkpoint = underTest();
    store = checkpoint.holder(3);
  });

  /** What a worker finds that starts now. */
  async function expectSaved(at: number): Promise<void> {
    const found = { position: checkpoint.position(at), doubt: null };
    expect(await checkpoint.holder(9).load()).toEqual(found);
  }

  it('finds nothing before the first save, and then the last one', async () => {
    expect(await store.load()).toBeNull();
    for (const at of [1, 2, 3]) {
      expect(await store.save(checkpoint.position(at))).toBe('saved');
      await expectSaved(at);
    }
  });

  describe('a save', () => {
    it.each([3, 4])('over one of epoch 3 succeeds for a holder with epoch %i', async (epoch) => {
      await store.save(checkpoint.position(1));
      const next = checkpoint.holder(epoch);
      await next.load();
      expect(await next.save(checkpoint.position(2))).toBe('saved');
      await expectSaved(2);
    });

    it('of a former holder of the lease is fenced off, and changes nothing', async () => {
      await store.load();
      await store.save(checkpoint.position(1));
      await checkpoint.holder(4).save(checkpoint.position(2));
      expect(await store.save(checkpoint.position(3))).toBe('fenced');
      expect(await checkpoint.holder(2).save(checkpoint.position(3))).toBe('fenced');
      await expectSaved(2);
    });

    it('that is the first of several at once fences off former holders only', async () => {
      const epochs = Array.from({ length: 20 }, (_, index) => index + 1);
      const saves = await Promise.all(
        epochs.map(
          async (epoch) => await checkpoint.holder(epoch).save(checkpoint.position(epoch)),
        ),
      );
      expect(saves.at(-1)).toBe('saved');
      await expectSaved(20);
    });

    it('over a checkpoint that was turned back to an older save is fenced off', async () => {
      await store.load();
      await store.save(checkpoint.position(1));
      const turnBack = await checkpoint.keep();
      await store.save(checkpoint.position(2));
      await turnBack();
      expect(await store.save(checkpoint.position(3))).toBe('fenced');
      await expectSaved(1);
      const next = checkpoint.holder(4);
      await next.load();
      expect(await next.save(checkpoint.position(4))).toBe('saved');
    });

    it('over a checkpoint that was turned back to a former holder’s is fenced off', async () => {
      await checkpoint.holder(2).save(checkpoint.position(1));
      const turnBack = await checkpoint.keep();
      await store.load();
      await store.save(checkpoint.position(2));
      await turnBack();
      expect(await store.save(checkpoint.position(3))).toBe('fenced');
    });

    it('after the checkpoint was turned back to before there was any creates it again', async () => {
      await store.load();
      const turnBack = await checkpoint.keep();
      await store.save(checkpoint.position(1));
      await turnBack();
      expect(await store.save(checkpoint.position(2))).toBe('saved');
      await expectSaved(2);
    });
  });
}
