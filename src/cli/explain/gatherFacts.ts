import { ownField } from '../../domain/fields.ts';
import { notificationId, notificationIdLimitBytes, smsKey } from '../../domain/notificationId.ts';
import { isPlainDocument, type PlainDocument, type PlainValue } from '../../domain/plainValue.ts';
import { parseSmsDetail } from '../../domain/smsDetail.ts';
import { statusTime } from '../../domain/statusAge.ts';
import { createDisabledEndpoints } from '../../mongo/operator/disabledEndpoints.ts';
import { readOverview } from '../../mongo/operator/overview.ts';
import { createParkedList, type ParkedFacts } from '../../mongo/operator/parkedList.ts';
import { findEnds, type EndFacts } from '../../mongo/operator/smsFacts.ts';
import { toError } from '../../runtime/errors.ts';
import { createTimeZone } from '../../runtime/timeZone.ts';
import type { Bench } from '../command.ts';
import { askAboutAccount } from '../findWebhook.ts';

/** All there is to know of one SMS, none of it personal. */
export interface SmsFacts {
  readonly document: {
    readonly deliveryStatus: PlainValue;
    /** By its delivery time, else its send time. */
    readonly statusTime: Date | null;
    readonly accountId: PlainValue;
    readonly flowId: PlainValue;
    /** Why it can't be told, whatever the settings are; null when it can. */
    readonly problem: string | null;
    /** DELIVERY_STATUSES leaves its status out. */
    readonly isFiltered: boolean;
  };
  readonly notificationId: string | null;
  /** How the settings stand now; null where the document names none. */
  readonly route: RouteFacts | null;
  /** As the document shows it. */
  readonly record: PlainDocument | null;
  readonly parked: readonly ParkedFacts[];
  readonly ended: readonly EndFacts[];
  readonly checkpointAt: Date | null;
  readonly isWorkerRunning: boolean;
}

export interface RouteFacts {
  /** Why MySQL could not be asked. */
  readonly error: string | null;
  /** Step 1, step 2 and step 3. */
  readonly isOptedIn: boolean;
  readonly webhookId: number | string | null;
  readonly isFlowEnabled: boolean;
  /** The webhook's URL as it may be shown. */
  readonly url: string | null;
  /** Why the webhook can't be called. */
  readonly problem: string | null;
  readonly isEndpointDisabled: boolean;
}

export async function gatherFacts(bench: Bench, document: PlainDocument): Promise<SmsFacts> {
  const { config, mongo } = bench;
  const { state } = await mongo();
  const key = smsKey(document['_id'] ?? null);
  const detail = parseSmsDetail(document);
  const deliveryStatus = ownField(document, 'deliveryStatus') ?? null;
  const id = key === null || !isStatus(deliveryStatus) ? null : notificationId(key, deliveryStatus);
  const record = ownField(document, 'notify_on_delivery');
  const { deliveryStatuses } = config.notify;
  const [overview, parked, ended, route] = await Promise.all([
    readOverview(state),
    key === null ? [] : createParkedList(state.retries).ofSms(key),
    findEnds(state.sent, document),
    detail.kind === 'usable' && isStatus(deliveryStatus)
      ? findRoute(bench, { ...detail, deliveryStatus })
      : null,
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
    parked,
    ended,
    checkpointAt: overview.checkpoints[0]?.at ?? null,
    isWorkerRunning: overview.leases.some(({ isHeld }) => isHeld),
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
  bench: Bench,
  { accountId, flowId, deliveryStatus }: Parameters<ReturnType<Bench['routeQuery']>['ask']>[0],
): Promise<RouteFacts> {
  const none = {
    error: null,
    isOptedIn: false,
    webhookId: null,
    isFlowEnabled: false,
    url: null,
    problem: null,
    isEndpointDisabled: false,
  };
  try {
    const row = await askAboutAccount(bench, accountId, { flowId, deliveryStatus });
    if (row === null) return none;
    const query = bench.routeQuery();
    const isOptedIn = query.decide(row).kind !== 'notOptedIn';
    const found = query.decide({ ...row, notifyOnDelivery: 'true', flowWebhookEnabled: true });
    const steps = { ...none, isOptedIn, isFlowEnabled: row.flowWebhookEnabled };
    if (found.kind === 'unusable') {
      const { webhookId, displayUrl, problem } = found;
      return { ...steps, webhookId, url: displayUrl, problem };
    }
    if (found.kind !== 'open') return steps;
    const { webhookId, displayUrl, endpointKey } = found.webhook;
    const disabled = createDisabledEndpoints((await bench.mongo()).state.endpoints);
    const isEndpointDisabled = await disabled.isDisabled(endpointKey);
    return { ...steps, webhookId, url: displayUrl, isEndpointDisabled };
  } catch (error) {
    return { ...none, error: toError(error).message };
  }
}
