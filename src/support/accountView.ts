import type { IntegerId } from '../domain/ids.ts';
import { isOptedIn, type RouteRow } from '../domain/route.ts';
import { countSecrets } from '../domain/secretRotation.ts';
import { OtherTables } from '../mysql/centralSession.ts';
import { readWithClient } from '../mysql/centralTables.ts';
import { toRouteQueryError } from '../mysql/errors.ts';
import { toError } from '../runtime/errors.ts';
import { notificationsOf } from './notificationList.ts';
import { Refused, type Session } from './session.ts';
import { otherTables, readAccountSetup, type AccountSetup, type CentralAccess } from './setup.ts';
import { askAboutAccount, webhookOf } from './webhooks.ts';

/** The three steps of an account, as far as they can be read. */
export type AccountView =
  | (Readonly<{ kind: 'tables'; setup: AccountSetup }> & Reading)
  /** Only what the route query tells. */
  | (Readonly<{ kind: 'query'; steps: QueriedSteps }> & Reading)
  /** Nothing. */
  | Readonly<{ kind: 'unknown'; problem: string }>;

interface Reading {
  /** From where, and as whom, in one sentence. */
  readonly source: string;
  /** Why they can't be changed, in one sentence; null when they can. */
  readonly readOnly: string | null;
}

/** What the route query tells of an account. */
export interface QueriedSteps {
  readonly setting: string | null;
  readonly isOptedIn: boolean;
  /** Null when it has no default webhook. */
  readonly webhook: Readonly<{
    webhookId: IntegerId | string;
    url: string | null;
    /** Null when they can't be used. */
    secrets: number | null;
    /** Why it can't be called; null when it can. */
    problem: string | null;
  }> | null;
  /** Of the flow that was asked about. */
  readonly isFlowEnabled: boolean | null;
}

interface Asked {
  readonly accountId: IntegerId;
  /** One whose step is to be asked about where flows can't be listed. */
  readonly flowId: IntegerId | null;
  /** Who may change the tables reads them so as well; null for who may not. */
  readonly central: CentralAccess | null;
}

const tablesBy = (setting: string): string =>
  `Read from the tables of the central database by the user in ${setting}.`;

/**
 * By MYSQL_ADMIN_URI for who may change them; else from the reference tables, as the worker's own user may read them;
 * else by the route query. Never rejects: what can't be read is said.
 */
export async function readAccount(session: Session, asked: Asked): Promise<AccountView> {
  const { central, accountId } = asked;
  let readOnly = 'MYSQL_ADMIN_URI is not set, so nothing can be changed here.';
  if (central !== null) {
    try {
      const setup = await readAccountSetup(central, accountId);
      return { kind: 'tables', setup, source: tablesBy('MYSQL_ADMIN_URI'), readOnly: null };
    } catch (thrown) {
      const error = toError(thrown);
      readOnly = error instanceof Refused ? error.message : `Can't be changed: ${error.message}.`;
    }
  }
  try {
    const settings = await readWithClient(session.mysql(), accountId, session.stopping);
    const setup = { ...settings, isOptedIn: isOptedIn(settings.setting) };
    return { kind: 'tables', setup, source: tablesBy('MYSQL_URI'), readOnly };
  } catch (thrown) {
    const error = toError(thrown);
    if (error instanceof OtherTables) {
      const why = `for the user in MYSQL_URI, ${otherTables(error)}`;
      return await readByQuery(session, asked, { why, readOnly });
    }
    const { kind, message: why } = toRouteQueryError(error, 'the tables');
    if (kind === 'unavailable') return { kind: 'unknown', problem: why };
    return await readByQuery(session, asked, { why, readOnly });
  }
}

async function readByQuery(
  session: Session,
  { accountId, flowId }: Asked,
  { why, readOnly }: Readonly<{ why: string; readOnly: string }>,
): Promise<AccountView> {
  try {
    const row = await askAboutAccount(session, accountId, flowId === null ? {} : { flowId });
    const steps = queriedSteps(session, row);
    const { path } = session.config.mysql.routeQuery;
    return {
      kind: 'query',
      steps: { ...steps, isFlowEnabled: flowId === null ? null : steps.isFlowEnabled },
      source: `Read by the route query (${path}), which shows the default webhook only and one flow at a time: ${why}.`,
      readOnly,
    };
  } catch (error) {
    return { kind: 'unknown', problem: toError(error).message };
  }
}

function queriedSteps(session: Session, row: RouteRow | null): QueriedSteps {
  if (row === null) return { setting: null, isOptedIn: false, webhook: null, isFlowEnabled: false };
  const { notifyOnDelivery: setting, webhookId, flowWebhookEnabled: isFlowEnabled } = row;
  const steps = { setting, isOptedIn: isOptedIn(setting), isFlowEnabled };
  if (webhookId === null) return { ...steps, webhook: null };
  const found = webhookOf(session, row);
  const isUsable = typeof found !== 'string';
  return {
    ...steps,
    webhook: {
      webhookId,
      url: isUsable ? found.displayUrl : null,
      secrets: countSecrets(row.secret),
      problem: isUsable ? null : found,
    },
  };
}

/** So many of the latest notifications are looked at. */
export const LATEST = 200;

/** An account, and what the latest notifications say of it. */
export interface LatestAccount {
  readonly accountId: IntegerId;
  readonly latestAt: Date | null;
  /** How many there are in each state. */
  readonly states: Readonly<Record<string, number>>;
}

/** Of the latest notifications, that of the latest first. Throws `Refused` as the list of notifications does. */
export async function readLatestAccounts(session: Session): Promise<readonly LatestAccount[]> {
  const { notifications } = await notificationsOf(session, {}, LATEST);
  const accounts = new Map<IntegerId, { latestAt: Date | null; states: Record<string, number> }>();
  for (const { accountId, state, statusAt } of notifications) {
    if (accountId === null) continue;
    const account = accounts.get(accountId) ?? { latestAt: statusAt, states: {} };
    const name = state ?? 'unknown';
    account.states[name] = (account.states[name] ?? 0) + 1;
    accounts.set(accountId, account);
  }
  return [...accounts].map(([accountId, account]) => ({ accountId, ...account }));
}
