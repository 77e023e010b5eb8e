import { readNotificationId, type IntegerId } from '../../domain/ids.ts';
import { sentenceOf } from '../../support/errorSentence.ts';
import {
  listedStates,
  notificationsOf,
  parsePlace,
  placeText,
  whyOf,
  type ListedNotification,
  type ListedState,
  type NotificationQuery,
} from '../../support/notificationList.ts';
import { Refused } from '../../support/session.ts';
import type { Times } from '../../support/words.ts';
import { toError } from '../../runtime/errors.ts';
import { Empty, Field, Section, State, Table, Time } from '../components/parts.tsx';
import type { ConsoleContext } from '../context.ts';
import type { Fields } from '../form.ts';
import { timeOf, typed } from './asked.ts';
import { Select } from './inputs.tsx';

const PAGE = 50;

/** What of an account's notifications is to be shown, as the query of the page's address says. */
interface Filters {
  readonly state: ListedState | null;
  readonly webhook: string;
  readonly status: string;
  readonly since: Date | null;
  readonly until: Date | null;
  readonly after: string;
}

/** Throws `Refused`, naming the field, for what can't be understood. */
export function filtersIn(fields: Fields, { zone }: Pick<ConsoleContext, 'zone'>): Filters {
  const named = fields.text('state');
  const state = listedStates.find((each) => each === named) ?? null;
  if (named !== '' && state === null) {
    throw new Refused(`State must be one of ${listedStates.join(', ')}.`);
  }
  const since = timeOf(fields, { name: 'since', label: 'Since' }, zone);
  const until = timeOf(fields, { name: 'until', label: 'Until' }, zone);
  if (since !== null && until !== null && since >= until) {
    throw new Refused('Since must be before Until.');
  }
  const after = fields.text('after');
  if (after !== '' && parsePlace(after) === null) {
    throw new Refused('The place to go on from is not one of another page: open the list anew.');
  }
  return {
    ...{ state, since, until, after },
    webhook: fields.text('webhook'),
    status: fields.text('status'),
  };
}

interface Whose {
  readonly accountId: IntegerId;
  readonly filters: Filters;
  readonly context: ConsoleContext;
}

type Found = Awaited<ReturnType<typeof notificationsOf>>;

/** By an index alone; why that is not possible, in one sentence. */
export async function findNotifications({
  accountId,
  filters,
  context,
}: Whose): Promise<Found | string> {
  try {
    return await notificationsOf(context.session, queryOf(accountId, filters), PAGE);
  } catch (thrown) {
    return sentenceOf(toError(thrown));
  }
}

/** Of one account, the newest first. */
export function Notifications({
  accountId,
  filters,
  context,
  found,
}: Whose & { found: Found | string }) {
  const { zone, times } = context;
  const path = `/accounts/${accountId}`;
  return (
    <Section title="Recent notifications" id="notifications">
      <form class="fields" method="get" action={`${path}#notifications`}>
        <Select
          label="State"
          name="state"
          value={filters.state ?? ''}
          options={[['', 'all'], ...listedStates.map((each) => [each, each] as const)]}
        />
        <Field label="Webhook" name="webhook" inputmode="numeric" value={filters.webhook} />
        <Field
          label="Delivery status"
          name="status"
          value={filters.status}
          placeholder="DELIVERED"
        />
        <Field
          label="Since"
          name="since"
          type="datetime-local"
          value={typed(filters.since, zone)}
        />
        <Field
          label="Until"
          name="until"
          type="datetime-local"
          value={typed(filters.until, zone)}
        />
        <button type="submit">Show</button>
      </form>
      {typeof found === 'string' ? (
        <p class="problem">{found}</p>
      ) : (
        <List accountId={accountId} filters={filters} found={found} times={times} />
      )}
    </Section>
  );
}

function List({
  accountId,
  filters,
  found: { notifications, odd, next, notes },
  times,
}: Omit<Whose, 'context'> & { found: Found; times: Times }) {
  const rows = [...notifications, ...odd];
  return (
    <>
      {rows.length === 0 ? (
        <Empty>No such notification.</Empty>
      ) : (
        <Table
          label="Notifications"
          headings={['Status set at', 'Status', 'State', 'Why', 'Webhook', 'SMS']}
          rows={rows.map((row) => cellsOf(row, times))}
        />
      )}
      {notes.map((note) => (
        <p>
          <small>{note}</small>
        </p>
      ))}
      <p class="pages">
        {filters.after === '' ? null : (
          <a href={addressOf(accountId, { ...filters, after: '' })}>Newest</a>
        )}{' '}
        {next === null ? null : (
          <a href={addressOf(accountId, { ...filters, after: placeText(next) })}>Older</a>
        )}
      </p>
    </>
  );
}

function queryOf(accountId: IntegerId, filters: Filters): NotificationQuery {
  const { state, webhook, status, since, until, after } = filters;
  return {
    accountId,
    webhookId: webhook === '' ? null : webhook,
    states: state === null ? null : new Set([state]),
    since,
    until,
    after: after === '' ? null : parsePlace(after),
    deliveryStatus: status === '' ? null : status,
  };
}

/** Neither the number nor the text of an SMS. */
function cellsOf(row: ListedNotification, times: Times) {
  const { smsId, deliveryStatus } = readNotificationId(row.notificationId);
  return [
    <Time at={row.statusAt} times={times} />,
    deliveryStatus,
    <State state={row.state} />,
    row.unreadable === undefined ? whyOf(row, times) : `its row is unreadable: ${row.unreadable}`,
    row.webhookId === null ? '' : String(row.webhookId),
    <a href={`/sms/${encodeURIComponent(smsId)}`}>{smsId}</a>,
  ];
}

function addressOf(accountId: IntegerId, filters: Filters): string {
  const { state, webhook, status, since, until, after } = filters;
  const given = {
    ...{ state: state ?? '', webhook, status, after },
    since: since?.toISOString() ?? '',
    until: until?.toISOString() ?? '',
  };
  const query = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== ''));
  return `/accounts/${accountId}?${query.toString()}#notifications`;
}
