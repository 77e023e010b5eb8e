import { withoutCommands } from './withoutCommands.ts';

/**
 * Far longer than the driver takes to find out that a server is gone (see `connect.ts`). What takes longer has been
 * forgotten: the driver waits for ever when a connection closes without an error at the moment at which it
 * waits for a large command to be written.
 */
export const ANSWER_LIMIT_MS = 60_000;

/**
 * Runs short calls on the database: they reject when there is no answer in time, and with errors that may be
 * logged. What was given up may still be done, so it must be safe to do late and twice.
 */
export async function ask<Result>(calls: () => Promise<Result>): Promise<Result> {
  return await withoutCommands(async () => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`MongoDB has not answered within ${ANSWER_LIMIT_MS / 1_000} s`));
      }, ANSWER_LIMIT_MS);
    });
    try {
      return await Promise.race([calls(), late]);
    } finally {
      clearTimeout(timer);
    }
  });
}
