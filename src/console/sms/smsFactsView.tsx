import { parseIntegerId } from '../../domain/ids.ts';
import type { PlainValue } from '../../domain/plainValue.ts';
import type { SmsReport } from '../../support/smsReport.ts';
import { textOf } from '../../support/verdict.ts';
import { Facts, Section, Time, Verbatim } from '../components/parts.tsx';
import { accountPath } from './places.ts';
import { RevealButton, type Seen } from './reveal.tsx';

/** What the document says of itself. */
export function SmsFactsView({ seen, report }: { seen: Seen; report: SmsReport }) {
  const { times } = seen.request.get('context');
  const { facts, maskedTo, personal, sendTime, phononUuid } = report;
  const { document, notificationId } = facts;
  const isNumberShown = seen.revealed === 'number' && personal.to !== null;
  return (
    <Section title="The SMS">
      <Facts
        of={[
          [
            'To',
            <>
              {isNumberShown ? personal.to : maskedTo}{' '}
              {isNumberShown || personal.to === null ? null : (
                <RevealButton seen={seen} what="number" />
              )}
            </>,
          ],
          ['Account', <AccountLink accountId={document.accountId} />],
          ['Flow', textOf(document.flowId)],
          ['Sent', sendTime === null ? 'not known' : <Time at={sendTime} times={times} />],
          [
            'Delivery status',
            document.deliveryStatus === null ? 'none' : textOf(document.deliveryStatus),
          ],
          [
            'Status since',
            document.statusTime === null ? (
              'not known'
            ) : (
              <Time at={document.statusTime} times={times} />
            ),
          ],
          ['phonon-uuid', phononUuid ?? 'none'],
          ['webhook-id', notificationId ?? 'none'],
        ]}
      />
      <TextView seen={seen} text={personal.text} />
    </Section>
  );
}

function AccountLink({ accountId }: { accountId: PlainValue }) {
  const id = parseIntegerId(accountId);
  return id === null ? <>{textOf(accountId)}</> : <a href={accountPath(String(id))}>{id}</a>;
}

function TextView({ seen, text }: { seen: Seen; text: string | null }) {
  if (text === null) return <p>It has no text.</p>;
  if (seen.revealed === 'text') return <Verbatim label="Text" text={text} />;
  return (
    <div>
      Text: <RevealButton seen={seen} what="text" />
    </div>
  );
}
