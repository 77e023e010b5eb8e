import { describe, expect, it } from '@jest/globals';
import { actSentence } from '../../../src/support/acts.ts';
import { adviceOf } from '../../../src/support/advice.ts';
import { notifiedNow } from '../../../src/support/notifiedNow.ts';
import type { SmsFacts } from '../../../src/support/smsFacts.ts';
import { verdictOf } from '../../../src/support/verdict.ts';
import { utcTimes } from '../../../src/support/words.ts';
import {
  breaker,
  disabled,
  fine,
  recorded,
  smsFacts,
  waitingFacts,
} from '../../support/someSmsFacts.ts';

const off = { ...fine, isOptedIn: false, reason: 'not_opted_in' } as const;
const gone = { ...fine, blocked: disabled, reason: 'endpoint_disabled' } as const;
const noMysql = { ...fine, error: 'refused' };
const parked = [waitingFacts()];

/** What is said on a page: whether it would be notified now, and what is to be done. */
const cases: readonly (readonly [string, SmsFacts, boolean | null, RegExp, readonly string[]])[] = [
  ['no status', smsFacts({}, { deliveryStatus: null }), false, /no delivery status/, []],
  [
    'an odd document',
    smsFacts({ route: null }, { problem: 'flowId must be a number' }),
    ...([false, /flowId must be/, ['replay']] as const),
  ],
  ['a status not wanted', smsFacts({}, { isFiltered: true }), false, /by hand/, ['replay']],
  ['step 1', smsFacts({ route: off }), false, /Step 1: account 28/, ['optIn', 'wait', 'replay']],
  [
    'a gone endpoint',
    smsFacts({ route: gone }),
    false,
    /disabled/,
    ['enableEndpoint', 'wait', 'replay'],
  ],
  ['MySQL away', smsFacts({ route: noMysql }), null, /could not be queried/, ['check', 'replay']],
  ['nothing', smsFacts(), true, /Nothing stands/, ['replay']],
  ['news', smsFacts({ checkpointAt: null }), true, /Nothing stands/, []],
  [
    'what is over',
    smsFacts({ record: recorded('failed', 'blocked_address') }),
    ...([true, /Nothing stands/, ['testCall', 'replay']] as const),
  ],
  ['what waits', smsFacts({ parked }), true, /called when it is due/, []],
  [
    'what waits behind a breaker',
    smsFacts({ parked, route: { ...fine, blocked: breaker } }),
    ...([true, /It would wait\. .*breaker is open/, ['testCall']] as const),
  ],
  [
    'what waits for a switch',
    smsFacts({ parked, route: off }),
    ...([false, /Step 1/, ['optIn', 'wait', 'runRetries']] as const),
  ],
];

describe('what a page says', () => {
  it.each(cases)('of %s: whether it would be notified now', (_what, facts, would, says) => {
    const now = notifiedNow(facts, utcTimes, 'page');
    expect(now.would).toBe(would);
    expect(now.sentence).toMatch(says);
  });

  it.each(cases)('of %s: what helps, without commands', (...[, facts, , , kinds]) => {
    const asked = { smsId: 'sms', cacheTtlMs: 30_000, reader: 'page' } as const;
    const advice = adviceOf(facts, asked, utcTimes);
    const acts = advice?.acts ?? [];
    expect(acts.map(({ kind }) => kind)).toEqual(kinds);
    const said = [
      verdictOf(facts, utcTimes, 'page'),
      advice?.text ?? 'Nothing.',
      ...acts.map(actSentence),
    ];
    for (const sentence of said) expect(sentence).toMatch(/\.$/);
    expect(said.join('\n')).not.toMatch(/npm|--|command|"(?:endpoints|retries|backfill|replay)/);
  });
});
