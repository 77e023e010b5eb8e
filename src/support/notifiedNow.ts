import type { SmsFacts } from './smsFacts.ts';
import { obstacle, spared, waitingRow } from './verdict.ts';
import type { Reader, Times } from './words.ts';

/** Whether the present status would be called for, if it came now or were sent again. */
interface NotifiedNow {
  /** Null when MySQL can't be asked. */
  readonly would: boolean | null;
  readonly sentence: string;
}

export function notifiedNow(facts: SmsFacts, times: Times, reader: Reader): NotifiedNow {
  const { document, route } = facts;
  if (document.deliveryStatus === null) {
    return { would: false, sentence: 'It has no delivery status yet.' };
  }
  if (document.problem !== null) {
    return { would: false, sentence: `It can't be notified: ${document.problem}.` };
  }
  const because = obstacle(facts, times, reader);
  if (because !== null) return { would: route?.error === null ? false : null, sentence: because };
  if (route === null) return { would: null, sentence: 'Nothing is known about its settings.' };
  const waits = spared(route.blocked, times);
  if (waits !== null) return { would: true, sentence: `It would wait. ${waits}` };
  if (document.isFiltered) {
    return {
      would: false,
      sentence:
        'DELIVERY_STATUSES does not include its status. Sent again by hand, it would be called for.',
    };
  }
  const isWaiting = waitingRow(facts) !== undefined;
  return {
    would: true,
    sentence: isWaiting ? 'It waits, and is called when it is due.' : 'Nothing stands in its way.',
  };
}
