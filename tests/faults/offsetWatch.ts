import { openGroupReader } from '../../scripts/services/kafka/groupReader.ts';
import { pause } from '../../src/runtime/abort.ts';

/** Reads the group's committed offsets all the time: none may go back. */
export interface OffsetWatch {
  /** What was seen that must not be, and whether anything was seen at all. */
  problems(): readonly string[];
  /** How often it has looked. */
  looks(): number;
  /** Does not look meanwhile, and forgets what it has seen: the group or its topic is made anew. */
  whileMadeAnew(work: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

const EVERY_MS = 20;
/** A broker that was killed must not keep it from looking for long. */
const ASK_MS = 2_000;
/** More than any fault's topic has: there is nothing to see in the others. */
const PARTITIONS = 24;
const partitions = [...Array(PARTITIONS).keys()];

export async function watchOffsets(
  bootstrap: string,
  { group, topic }: Readonly<{ group: string; topic: string }>,
): Promise<OffsetWatch> {
  const reader = await openGroupReader(bootstrap, { group, timeoutMs: ASK_MS });
  const stopped = new AbortController();
  const wentBack: string[] = [];
  let looks = 0;
  let hasSeenAny = false;
  let newest: readonly (number | null)[] = [];
  let looking = Promise.resolve();
  let isSuspended = false;

  const look = async (): Promise<void> => {
    // Null while there is no broker, group or topic: nothing is committed then.
    const found = await reader.committed(topic, partitions).catch(() => null);
    if (found === null) return;
    for (const [partition, before] of newest.entries()) {
      const now = found[partition] ?? null;
      if (before === null || (now !== null && now >= before)) continue;
      wentBack.push(`the offset of partition ${partition} went from ${before} to ${now ?? 'none'}`);
    }
    newest = found;
    looks += 1;
    hasSeenAny ||= found.some((offset) => offset !== null);
  };
  const watch = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      if (!isSuspended) {
        looking = look();
        await looking;
      }
      await pause(EVERY_MS, stopped.signal);
    }
  };
  const watching = watch();
  return {
    problems: () => (hasSeenAny ? wentBack : ['no committed offset was ever seen']),
    looks: () => looks,
    async whileMadeAnew(work) {
      isSuspended = true;
      await looking;
      await work();
      newest = [];
      isSuspended = false;
    },
    async stop() {
      stopped.abort(new Error('stopped'));
      await watching;
      await reader.close();
    },
  };
}
