import type { NotifiedFacts } from '../../support/recordFacts.ts';
import { answerText, callDuration } from '../../support/words.ts';
import { Empty, Facts, Section, Time, Verbatim } from '../components/parts.tsx';
import { RevealButton, type Seen } from './reveal.tsx';

/** What the webhook answered last, as the record has it. */
export function AnswerView({ seen, notified }: { seen: Seen; notified: NotifiedFacts | null }) {
  const { times } = seen.request.get('context');
  if (notified === null || notified.attempts === 0) {
    return (
      <Section title="The answer">
        <Empty>No call is recorded for its present status.</Empty>
      </Section>
    );
  }
  const { url, at, durationMs, location } = notified;
  return (
    <Section title="The answer">
      <Facts
        of={[
          ['From', url ?? 'not recorded'],
          ['Called', <Time at={at} times={times} />],
          ['Answer', answerText(notified)],
          ['Took', durationMs === null ? '?' : callDuration(durationMs)],
          ...(location === null ? [] : [['Redirects to', `${location} (not followed)`] as const]),
        ]}
      />
      <ResponseView seen={seen} notified={notified} />
    </Section>
  );
}

function ResponseView({ seen, notified }: { seen: Seen; notified: NotifiedFacts }) {
  const { response, isTruncated, isBase64 } = notified;
  if (response === null) return <p>It had no body.</p>;
  if (seen.revealed !== 'response') return <RevealButton seen={seen} what="response" />;
  return (
    <>
      {isBase64 ? <p>It is not text in UTF-8, and is shown in base64.</p> : null}
      {isTruncated ? <p>It was longer: only what RESPONSE_LIMIT allows was read.</p> : null}
      <Verbatim label="Response" text={response} />
    </>
  );
}
