import { Timestamp, type MongoClient } from 'mongodb';
import type { Logger } from '../runtime/logger.ts';
import { limits, withDeadline } from './calls.ts';
import { codes, serverCode } from './errors.ts';
import { timeOf } from './position.ts';

/** What is known of the oplog, if the worker's user may read it. */
export function createOplogReader(options: {
  readonly client: MongoClient;
  readonly rememberMs: number;
  readonly logger: Logger;
}) {
  const { client, rememberMs, logger } = options;
  const oplog = client.db('local').collection('oplog.rs');
  let isDenied = false;
  let isWarned = false;
  const warnOnce = (windowMs: number): void => {
    if (isWarned || windowMs <= rememberMs) return;
    isWarned = true;
    logger.warn('setting_warning', { warning: warningOf(windowMs, rememberMs) });
  };
  return {
    /**
     * When the oldest entry was written; null where that can't be read. Rejects when the database does not
     * answer. Warns, once, when the oplog reaches back further than the ledger.
     */
    async oldestEntryAt(): Promise<Date | null> {
      if (isDenied) return null;
      // Not `find` with a sort by `$natural`: that can't return the server's time.
      const oldest = oplog.aggregate<{ ts?: unknown; now: Date }>(
        [{ $limit: 1 }, { $project: { _id: 0, ts: 1, now: '$$NOW' } }],
        { hint: { $natural: 1 }, readConcern: { level: 'local' } },
      );
      try {
        const [entry] = await withDeadline(limits.gauge, () => oldest.toArray());
        if (!(entry?.ts instanceof Timestamp)) return null;
        const oldestAt = timeOf(entry.ts);
        // The newest entry is hardly older: an idle primary writes one every ten seconds.
        warnOnce(entry.now.getTime() - oldestAt.getTime());
        return oldestAt;
      } catch (error) {
        if (serverCode(error) !== codes.unauthorized) throw error;
        isDenied = true;
        logger.debug('oplog_unreadable');
        return null;
      }
    },
  };
}

function warningOf(windowMs: number, rememberMs: number): string {
  return `REMEMBER is ${inWords(rememberMs)} and the oplog reaches back ${inWords(windowMs)}: a status that is read again from further back than REMEMBER would be told again`;
}

/** Rounded up, so that what is longer looks longer. */
function inWords(ms: number): string {
  const [unit, unitMs] = ms < 3_600_000 ? ['s', 1_000] : ['h', 3_600_000];
  return `${Math.ceil((10 * ms) / unitMs) / 10}${unit}`;
}
