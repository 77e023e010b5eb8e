import { toError } from '../../runtime/errors.ts';
import { LATEST, readLatestAccounts, type LatestAccount } from '../../support/accountView.ts';
import { sentenceOf } from '../../support/errorSentence.ts';
import { count, type Times } from '../../support/words.ts';
import { page } from '../components/frame.tsx';
import { Badge, Empty, Field, Section, Table, Time, toneOf } from '../components/parts.tsx';
import type { ConsoleContext, Request } from '../context.ts';
import { readQuery } from '../form.ts';

/** A field for the number of an account, and those that had notifications lately. */
export async function accountsPage(request: Request): Promise<Response> {
  const query = readQuery(request);
  if (query.text('id') !== '') {
    return request.redirect(`/accounts/${query.id('id', 'The account')}`, 303);
  }
  const context = request.get('context');
  const latest = await readLatest(context);
  const children = (
    <>
      <h1>Accounts</h1>
      <Section title="Open an account" id="open">
        <form class="fields short" method="get" action="/accounts">
          <Field label="Account" name="id" inputmode="numeric" required={true} />
          <button class="main" type="submit">
            Open
          </button>
        </form>
      </Section>
      <Section title="Notified lately" id="latest">
        {typeof latest === 'string' ? (
          <p class="problem">{latest}</p>
        ) : (
          <Latest accounts={latest} times={context.times} />
        )}
      </Section>
    </>
  );
  return await page(request, { title: 'Accounts', place: 'accounts', children });
}

/** Why they can't be read, in one sentence, where they can't. */
async function readLatest({ session }: ConsoleContext): Promise<readonly LatestAccount[] | string> {
  try {
    return await readLatestAccounts(session);
  } catch (thrown) {
    return sentenceOf(toError(thrown));
  }
}

function Latest({ accounts, times }: { accounts: readonly LatestAccount[]; times: Times }) {
  if (accounts.length === 0) {
    return <Empty>There are no notifications as yet.</Empty>;
  }
  return (
    <>
      <p>{`The accounts of the latest ${count(LATEST)} notifications.`}</p>
      <Table
        label="Accounts notified lately"
        headings={['Account', 'Latest status', 'Of these']}
        rows={accounts.map(({ accountId, latestAt, states }) => [
          <a href={`/accounts/${accountId}`}>{String(accountId)}</a>,
          <Time at={latestAt} times={times} />,
          <>
            {Object.entries(states).map(([state, number]) => (
              <>
                <Badge tone={toneOf[state] ?? 'unknown'}>{`${count(number)} ${state}`}</Badge>{' '}
              </>
            ))}
          </>,
        ])}
      />
    </>
  );
}
