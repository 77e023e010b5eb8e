import type { BodyPreview, CallPreview, HeaderPreview } from '../../support/callPreview.ts';
import { count, several } from '../../support/words.ts';
import { Empty, Facts, Section, Table, Verbatim } from '../components/parts.tsx';
import { RevealButton, type Seen } from './reveal.tsx';

/** The call as it is or would be made. */
export function RequestView({ seen, call }: { seen: Seen; call: CallPreview }) {
  if (call.kind === 'none') {
    return (
      <Section title="The request">
        <Empty>There is none to show: {call.why}</Empty>
      </Section>
    );
  }
  const { method, url, hasQuery, headers, signatures, body } = call;
  const signed =
    signatures === 0
      ? 'no: the webhook has no secret'
      : `yes, with ${several(signatures, 'secret')}`;
  return (
    <Section title="The request">
      <p>The next call, with the settings as they are now.</p>
      <Facts
        of={[
          [
            'Method and URL',
            `${method} ${url}${hasQuery ? ' and a query, which is not shown' : ''}`,
          ],
          ['Signed', signed],
        ]}
      />
      <Table
        label="Headers"
        headings={['Header', 'Value']}
        rows={headers.map((header) => [
          <code>{header.name}</code>,
          <HeaderValue header={header} />,
        ])}
      />
      <BodyView seen={seen} body={body} />
    </Section>
  );
}

function HeaderValue({ header }: { header: HeaderPreview }) {
  const { value, note } = header;
  return value === null ? <em>{note ?? 'not shown'}</em> : <code>{value}</code>;
}

function BodyView({ seen, body }: { seen: Seen; body: BodyPreview }) {
  const { from, bytes, text, isCut } = body;
  const made =
    from === 'waiting row'
      ? 'made when its status was read: what waits is sent with these bytes'
      : 'made from the document as it is now';
  return (
    <>
      <p>
        Body: {several(bytes, 'byte')}, {made}.
      </p>
      {seen.revealed === 'body' ? (
        <>
          {isCut ? <p>Only its first {count(text.length)} characters are shown.</p> : null}
          <Verbatim label="Body" text={text} />
        </>
      ) : (
        <RevealButton seen={seen} what="body" />
      )}
    </>
  );
}
