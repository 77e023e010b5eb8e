import { orAbort, withPatience } from '../runtime/abort.ts';

/** A server has taken longer than whoever asks can wait; what it says later is nobody's concern. */
export class NoAnswerSoon extends Error {
  override readonly name = 'NoAnswerSoon';
}

/** Rejects with `NoAnswerSoon`, which names `who`, after `ms`, and when `stopping` is aborted. */
export async function answerWithin<Result>(
  { ms, who, stopping }: Readonly<{ ms: number; who: string; stopping: AbortSignal }>,
  ask: (patience: AbortSignal) => Promise<Result>,
): Promise<Result> {
  return await withPatience(ms, stopping, async (patience) => {
    try {
      return await orAbort(ask(patience), patience);
    } catch (error) {
      if (!patience.aborted) throw error;
      throw new NoAnswerSoon(`${who} has not answered within ${ms / 1_000} s`, { cause: error });
    }
  });
}
