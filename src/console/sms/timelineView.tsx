import type { TimelineEntry } from '../../support/timeline.ts';
import { answerText, callDuration, type Times } from '../../support/words.ts';
import { Badge, Empty, Time, type Tone } from '../components/parts.tsx';

const tones: Readonly<Record<TimelineEntry['kind'], Tone>> = {
  delivered: 'good',
  failed: 'bad',
  'cut off': 'bad',
  running: 'waiting',
  'no call': 'off',
  due: 'waiting',
  unreadable: 'unknown',
};

/** The calls one below the other, the first one at the top. */
export function TimelineView({
  entries,
  times,
}: {
  entries: readonly TimelineEntry[];
  times: Times;
}) {
  if (entries.length === 0) return <Empty>No call has been made.</Empty>;
  return (
    <ol class="timeline">
      {entries.map((entry) => (
        <li>
          <Time at={entry.at} times={times} /> <Badge tone={tones[entry.kind]}>{entry.kind}</Badge>{' '}
          <span>{textOf(entry)}</span>
        </li>
      ))}
    </ol>
  );
}

function textOf(entry: TimelineEntry): string {
  const { deliveryStatus, number, statusCode, error, durationMs, note, kind } = entry;
  const isCalled = kind === 'delivered' || kind === 'failed';
  const parts = [
    deliveryStatus ?? '?',
    number === null ? [] : `call ${number}`,
    isCalled ? answerText({ statusCode, error }) : [],
    isCalled && durationMs !== null ? callDuration(durationMs) : [],
    note ?? [],
  ];
  return parts.flat().join(', ');
}
