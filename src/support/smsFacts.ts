import { reasonNow, type ReasonNow } from '../domain/decision.ts';
import { notificationId, notificationIdLimitBytes, smsKey } from '../domain/ids.ts';
import {
  isPlainDocument,
  ownField,
  type PlainDocument,
  type PlainValue,
} from '../domain/plainValue.ts';
import { parseSmsDetail, statusTime } from '../domain/sms.ts';
import {
  readBlockedEndpoints,
  type BlockedEndpoints,
  type DisabledEndpoint,
  type OpenBreaker,
} from '../mongo/blockedEndpoints.ts';
import { findEnds, type EndFacts } from '../mongo/ledger.ts';
import { createRetryList, type RetryFacts } from '../mongo/retrySupport.ts';
import { findStoredSms, type StoredSms } from '../mongo/storedSms.ts';
import { isWorking, readOverview } from '../mongo/workerState.ts';
import { toError } from '../runtime/errors.ts';
import { createTimeZone } from '../runtime/timeZone.ts';
import { Refused, type Session } from './session.ts';
import { readAcknowledgedAt, takesFromTopic } from './topicStatus.ts';
import { askAboutAccount } from './webhooks.ts';

/** All there is to know of one SMS, none of it personal. */
export interface SmsFacts {
  readonly document: {
    readonly deliveryStatus: PlainValue;
    /** By its delivery time, else its send time. */
    readonly statusTime: Date | null;
    readonly accountId: PlainValue;
    readonly flowId: PlainValue;
    /** Why it can't be notified, whatever the settings are; null when it can. */
    readonly problem: string | null;
    /** DELIVERY_STATUSES leaves its status out. */
    readonly isFiltered: boolean;
  };
  readonly notificationId: string | null;
  /** How the settings stand now; null where the document names none. */
  readonly route: RouteFacts | null;
  /** As the document shows it. */
  readonly record: PlainDocument | null;
  readonly parked: readonly WaitingFacts[];
  readonly ended: readonly EndFacts[];
  /** Everything that was written before is acknowledged: with Kafka, of what is in the partition of this SMS. */
  readonly checkpointAt: Date | null;
  readonly isWorkerRunning: boolean;
}

/** One that waits, and what keeps its endpoint from being called; null when nothing does. */
export type WaitingFacts = RetryFacts & { readonly blocked: Blocked | null };

type Blocked = OpenBreaker | DisabledEndpoint;

export interface RouteFacts {
  /** Why MySQL could not be asked. */
  readonly error: string | null;
  /** False when it returns no row for the account: then only step 1 is known. */
  readonly hasRow: boolean;
  /** Step 1, step 2 and step 3. */
  readonly isOptedIn: boolean;
  readonly webhookId: number | string | null;
  readonly isFlowEnabled: boolean;
  /** The webhook's URL as it may be shown. */
  readonly url: string | null;
  /** Why the webhook can't be called. */
  readonly problem: string | null;
  readonly isEndpointDisabled: boolean;
  /** The first reason why a status that came now would not be called for; null when it would, or MySQL can't be asked. */
  readonly reason: ReasonNow | null;
  /** Why the endpoint is not called at present; null when it is. */
  readonly blocked: Blocked | null;
}

/** By its `_id`, as commands take it; null when there is no such SMS. */
export async function lookUpSms(
  { config, mongo }: Session,
  smsId: string,
): Promise<StoredSms | null> {
  const { sms } = await mongo();
  return await findStoredSms(sms, smsId, config.mongodb.uuidRepresentation);
}

/** Throws `Refused` when there is none. */
export async function requireSms(session: Session, smsId: string): Promise<StoredSms> {
  const stored = await lookUpSms(session, smsId);
  if (stored !== null) return stored;
  const { namespace } = (await session.mongo()).sms;
  throw new Refused(`There is no SMS with the _id ${JSON.stringify(smsId)} in ${namespace}.`);
}

/** Throws `Refused` when there is no such SMS. */
export async function findSmsFacts(session: Session, smsId: string): Promise<SmsFacts> {
  return await gatherFacts(session, await requireSms(session, smsId));
}

export async function gatherFacts(
  session: Session,
  { storedId, document }: Pick<StoredSms, 'storedId' | 'document'>,
): Promise<SmsFacts> {
  const { config, mongo } = session;
  const { state } = await mongo();
  const key = smsKey(document['_id'] ?? null);
  const detail = parseSmsDetail(document);
  const deliveryStatus = ownField(document, 'deliveryStatus') ?? null;
  const id = key === null || !isStatus(deliveryStatus) ? null : notificationId(key, deliveryStatus);
  const record = ownField(document, 'notify_on_delivery');
  const { deliveryStatuses } = config.notify;
  const blocked = await readBlockedEndpoints(state);
  const isGroup = takesFromTopic(session);
  const [overview, parked, ended, route, byTopicAt] = await Promise.all([
    readOverview(state),
    key === null ? [] : createRetryList(state.retries).ofSms(key),
    findEnds(state.sent, document),
    detail.kind === 'usable' && isStatus(deliveryStatus)
      ? findRoute(session, { ...detail, deliveryStatus }, blocked)
      : null,
    isGroup ? readAcknowledgedAt(session, storedId) : null,
  ]);
  return {
    document: {
      deliveryStatus,
      statusTime: statusTime(document, createTimeZone(config.call.payloadTimeZone)),
      accountId: ownField(document, 'accountID') ?? null,
      flowId: ownField(document, 'flowId') ?? null,
      problem: problemOf(id, deliveryStatus) ?? (detail.kind === 'usable' ? null : detail.problem),
      isFiltered:
        deliveryStatuses.length > 0 &&
        !deliveryStatuses.some((status) => status === deliveryStatus),
    },
    notificationId: id,
    route,
    record: isPlainDocument(record) ? record : null,
    parked: parked.map((row) => ({ ...row, blocked: blocked.get(row.endpoint ?? '') ?? null })),
    ended,
    checkpointAt: isGroup ? byTopicAt : (overview.checkpoints[0]?.at ?? null),
    isWorkerRunning: isWorking(overview),
  };
}

function isStatus(value: PlainValue): value is string {
  return typeof value === 'string' && value !== '';
}

function problemOf(id: string | null, deliveryStatus: PlainValue): string | null {
  if (deliveryStatus === null) return null;
  if (!isStatus(deliveryStatus)) return 'deliveryStatus must be a non-empty string';
  if (id === null) return '_id must be a string, an ObjectId, a UUID or an integral number';
  return id.length > notificationIdLimitBytes ? '_id and deliveryStatus are too long' : null;
}

async function findRoute(
  session: Session,
  { accountId, flowId, deliveryStatus }: Parameters<ReturnType<Session['routeQuery']>['ask']>[0],
  endpoints: BlockedEndpoints,
): Promise<RouteFacts> {
  const none = {
    error: null,
    hasRow: false,
    isOptedIn: false,
    webhookId: null,
    isFlowEnabled: false,
    url: null,
    problem: null,
    isEndpointDisabled: false,
    reason: null,
    blocked: null,
  };
  try {
    const row = await askAboutAccount(session, accountId, { flowId, deliveryStatus });
    const query = session.routeQuery();
    const route = query.decide(row);
    if (row === null) return { ...none, reason: reasonNow(route, false) };
    const isOptedIn = route.kind !== 'notOptedIn';
    const found = query.decide({ ...row, notifyOnDelivery: 'true', flowWebhookEnabled: true });
    const reason = reasonNow(route, false);
    const isFlowEnabled = row.flowWebhookEnabled;
    const steps = { ...none, hasRow: true, isOptedIn, isFlowEnabled, reason };
    if (found.kind === 'unusable') {
      const { webhookId, displayUrl, problem } = found;
      return { ...steps, webhookId, url: displayUrl, problem };
    }
    if (found.kind !== 'open') return steps;
    const { webhookId, displayUrl, endpointKey } = found.webhook;
    const blocked = endpoints.get(endpointKey) ?? null;
    const isEndpointDisabled = blocked?.kind === 'endpoint_disabled';
    return {
      ...steps,
      webhookId,
      url: displayUrl,
      isEndpointDisabled,
      blocked,
      reason: reasonNow(route, isEndpointDisabled),
    };
  } catch (error) {
    return { ...none, error: toError(error).message };
  }
}
