import type { TopicStatus } from '../../support/topicStatus.ts';
import { count, several } from '../../support/words.ts';
import type { Page } from './page.ts';

type Line = readonly [name: string, value: string];

const SHOWN = 20;

/** What the group has committed, and what MongoDB remembers of it; of many partitions those that are most behind. */
export function topicLines({ partitions, problem }: TopicStatus, page: Page): readonly Line[] {
  const lags = partitions.flatMap(({ lag }) => (lag === null ? [] : [lag]));
  const total = lags.reduce((sum, lag) => sum + lag, 0);
  const known = `${several(total, 'message')} in ${several(lags.length, 'partition')}`;
  const all = partitions.length === lags.length ? '' : ` of ${count(partitions.length)}`;
  const behind = partitions.toSorted((one, other) => (other.lag ?? -1) - (one.lag ?? -1));
  const shown = behind.slice(0, SHOWN).toSorted((one, other) => one.partition - other.partition);
  return [
    ['lag', problem === null ? `${known}${all}` : `unknown: ${problem}`],
    ...shown.map((each): Line => ['partition', partitionText(each, page, problem === null)]),
    ...(partitions.length > SHOWN
      ? [['partition', `${count(partitions.length - SHOWN)} more, in --json`] as const]
      : []),
  ];
}

function partitionText(
  { partition, committed, lag, acknowledgedAt, worker }: TopicStatus['partitions'][number],
  { moment }: Page,
  isAnswered: boolean,
): string {
  const offset =
    committed === null || lag === null
      ? 'nothing committed'
      : `offset ${count(committed)} committed, lag ${count(lag)}`;
  const by = worker === null ? '' : ` by ${worker}`;
  const at =
    acknowledgedAt === null
      ? 'nothing acknowledged yet'
      : `acknowledged${by} up to ${moment(acknowledgedAt)}`;
  return `${partition}: ${isAnswered ? `${offset}; ` : ''}${at}`;
}
