import type { IntegerId } from '../../domain/ids.ts';
import { toError } from '../../runtime/errors.ts';
import { readAccount } from '../../support/accountView.ts';
import { sentenceOf } from '../../support/errorSentence.ts';
import { listBlocked } from '../../support/webhooks.ts';
import { blockageText, endpointText } from '../../support/words.ts';
import { may, page } from '../components/frame.tsx';
import { Act, Field, Section } from '../components/parts.tsx';
import type { ConsoleContext, Request } from '../context.ts';
import { readQuery } from '../form.ts';
import { accountIn } from './asked.ts';
import { filtersIn, findNotifications, Notifications } from './notifications.tsx';
import { resendPath } from './resend.tsx';
import { Steps } from './steps.tsx';

/** One account: its three steps, what can be done for it, and what it was notified of. */
export async function accountPage(request: Request): Promise<Response> {
  const accountId = accountIn(request);
  const context = request.get('context');
  const query = readQuery(request);
  const flowId = query.text('flow') === '' ? null : query.id('flow', 'The flow');
  const filters = filtersIn(query, context);
  const isEditor = may(request, 'editor');
  const central = isEditor ? context.central : null;
  const [view, blocked, found] = await Promise.all([
    readAccount(context.session, { accountId, flowId, central }),
    blockedOf(context, accountId),
    findNotifications({ accountId, filters, context }),
  ]);
  const title = `Account ${accountId}`;
  const children = (
    <>
      <h1>{title}</h1>
      <p>
        <a href={`/accounts/${accountId}/statistics`}>What happened at its endpoints</a>
      </p>
      {blocked.map((sentence) => (
        <p class="problem">{sentence}</p>
      ))}
      <Steps accountId={accountId} view={view} isEditor={isEditor} flowId={flowId} />
      {may(request, 'support') ? <Help accountId={accountId} /> : null}
      <Notifications accountId={accountId} filters={filters} context={context} found={found} />
    </>
  );
  return await page(request, { title, place: 'accounts', children });
}

/** Why its endpoints are not called; nothing where MongoDB does not tell, since the list of notifications says so. */
async function blockedOf(
  { session, times }: ConsoleContext,
  accountId: IntegerId,
): Promise<readonly string[]> {
  try {
    const blocked = await listBlocked(session);
    const own = blocked.filter((each) => String(each.accountId) === String(accountId));
    return own.map((each) => `Not called: ${endpointText(each)}: ${blockageText(each, times)}`);
  } catch (error) {
    return [sentenceOf(toError(error))];
  }
}

function Help({ accountId }: { accountId: IntegerId }) {
  return (
    <Section title="Test, run, resend" id="acts">
      <form class="fields short" method="post" action={`/accounts/${accountId}/test`}>
        <Field
          label="Delivery status of a test call"
          name="deliveryStatus"
          value="DELIVERED"
          required={true}
        />
        <button type="submit">Make a test call</button>
        <small>
          Calls the default webhook once with a made-up SMS, and shows what it answers. Nothing is
          recorded.
        </small>
      </form>
      <Act
        path={`/accounts/${accountId}/retries`}
        label="Run its waiting retries now"
        confirm={`Make all waiting retries of account ${accountId} due now?`}
      />
      <a class="button" href={resendPath(accountId)}>
        Resend what failed since …
      </a>
    </Section>
  );
}
