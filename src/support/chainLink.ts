import type { NotifiedFacts } from './recordFacts.ts';
import type { SmsFacts } from './smsFacts.ts';
import type { Reader, Times } from './words.ts';

/** From the status in MongoDB to the record, in the worker's order. */
export const linkTitles = {
  status: 'Status in MongoDB',
  'step 1': 'Step 1, the account',
  'step 2': 'Step 2, the default webhook',
  'step 3': 'Step 3, the flow',
  calls: 'Calls',
  record: 'Recorded',
} as const;

export type LinkName = keyof typeof linkTitles;

export type LinkState = 'ok' | 'broken' | 'waiting' | 'unknown' | 'not reached';

/** Where a link is set; ids as texts. */
export type Where =
  | Readonly<{ kind: 'account'; accountId: string }>
  | Readonly<{ kind: 'webhook'; accountId: string; webhookId: string | null }>
  | Readonly<{ kind: 'flow'; accountId: string; flowId: string }>
  | Readonly<{ kind: 'endpoint'; accountId: string; webhookId: string }>;

/** What a link is found to be. */
export interface Lamp {
  readonly state: LinkState;
  readonly sentence: string;
}

/** One link of the chain that a status goes along until it is recorded. */
export interface ChainLink extends Lamp {
  readonly link: LinkName;
  /** Null where nobody can set it, or it is not known whose it is. */
  readonly where: Where | null;
}

/** What all links are judged by. */
export interface ChainFacts {
  readonly facts: SmsFacts;
  /** How it ended, or how far its record says it is. */
  readonly notified: NotifiedFacts | null;
  readonly times: Times;
  readonly reader: Reader;
}

export const lamp = (state: LinkState, sentence: string): Lamp => ({ state, sentence });

/** The first letter as sentences begin. */
export function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
