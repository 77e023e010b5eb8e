import { randomUUID } from 'node:crypto';
import { readNotificationId } from '../domain/ids.ts';
import { isPlainDocument, ownField, type PlainDocument } from '../domain/plainValue.ts';
import { createReplayQueue, type Queued } from '../mongo/retrySupport.ts';
import { createTimeZone } from '../runtime/timeZone.ts';
import { toReplayStatus } from './replayCandidates.ts';
import { Refused, type Session } from './session.ts';
import { gatherFacts, requireSms, type SmsFacts, type WaitingFacts } from './smsFacts.ts';
import { obstacle } from './verdict.ts';
import { utcTimes, whyBlocked, type Reader, type Times } from './words.ts';

export interface ReplayOfOne {
  readonly status?: string;
  readonly dryRun?: boolean;
  /** Where a refusal is read, and how it writes times: at a shell and in UTC when absent. */
  readonly reader?: Reader;
  readonly times?: Times;
}

interface ReplayedOne {
  readonly data: Readonly<{
    smsId: string;
    notificationId: string;
    deliveryStatus: string;
    dryRun: boolean;
    isWorkerRunning: boolean;
    blockedBy: NonNullable<WaitingFacts['blocked']>['kind'] | null;
  }>;
  sentence(times: Times): string;
}

/** Has the running worker send one notification again. Throws `Refused` while that can't lead to a call. */
export async function replayOne(
  session: Session,
  smsId: string,
  { status, dryRun: isDryRun = false, reader = 'shell', times = utcTimes }: ReplayOfOne,
): Promise<ReplayedOne> {
  const { state } = await session.mongo();
  const stored = await requireSms(session, smsId);
  const { document, storedId } = stored;
  const { deliveryStatus, statusAt } = chooseStatus(
    document,
    await gatherFacts(session, stored),
    status,
  );
  // As the worker will ask: another status may lead elsewhere.
  const facts = await gatherFacts(session, {
    storedId,
    document: { ...document, deliveryStatus },
  });
  refuseWhileHopeless(facts, times, reader);
  const zone = createTimeZone(session.config.call.payloadTimeZone);
  const candidate = toReplayStatus(
    {
      documentKey: { opaque: { _id: storedId } },
      document,
      deliveryStatus,
      statusAt: statusAt ?? new Date(),
    },
    { accountId: null, zone, run: randomUUID() },
  );
  if (candidate.kind !== 'enqueue')
    throw new Refused(`It can't be notified: it is ${candidate.kind}.`);
  const rows = createReplayQueue(state);
  const [queued] = isDryRun
    ? await rows.preview([candidate.replay])
    : await rows.add([candidate.replay]);
  refuseUnlessQueued(queued);
  const { notificationId } = candidate.replay.subject;
  const { isWorkerRunning } = facts;
  const data = {
    smsId: stored.smsId,
    notificationId,
    deliveryStatus,
    dryRun: isDryRun,
    isWorkerRunning,
    blockedBy: facts.route?.blocked?.kind ?? null,
  };
  const verb = isDryRun ? 'would be queued' : 'is queued';
  const who = isWorkerRunning
    ? 'the running worker calls it'
    : 'no worker is running, so it is sent when one does';
  const said = `Status ${deliveryStatus} of ${stored.smsId} ${verb}; ${who}.`;
  return { data, sentence: (shown) => [said, ...waitsFor(facts, shown)].join(' ') };
}

/** It waits there with the others; a disabled endpoint has been refused before. */
function waitsFor({ route }: SmsFacts, times: Times): readonly string[] {
  if (route?.blocked?.kind !== 'breaker_open') return [];
  return [`It is waiting there: ${whyBlocked(route.blocked, times)}`];
}

function refuseWhileHopeless(facts: SmsFacts, times: Times, reader: Reader): void {
  if (facts.document.problem !== null) {
    throw new Refused(`It can't be notified: ${facts.document.problem}.`);
  }
  const waiting = facts.parked.find(
    ({ notificationId }) => notificationId === facts.notificationId,
  );
  if (waiting !== undefined) {
    const { webhookId } = waiting;
    const ofWebhook = webhookId === null ? '' : ` --webhook ${webhookId}`;
    const how =
      reader === 'page'
        ? '"Run now" makes it due now.'
        : `"retries run${ofWebhook}" makes everything that waits there due now, "explain" says what it waits for.`;
    throw new Refused(`It is already waiting, so it will be sent anyway; ${how}`);
  }
  const because = obstacle(facts, times, reader);
  if (because !== null) throw new Refused(`It can't be sent now. ${because}`);
}

function refuseUnlessQueued(queued: Queued | undefined): void {
  if (queued === 'queued') return;
  throw new Refused(
    queued === 'too_large'
      ? 'Its body is too large for durable state.'
      : 'It is already waiting, so it will be sent anyway.',
  );
}

/** A status of an SMS that is known, and when it was set. */
interface KnownStatus {
  readonly deliveryStatus: string;
  readonly statusAt: Date | null;
}

/** All that can be sent again, the present one first. */
export function statusesOf(document: PlainDocument, facts: SmsFacts): readonly string[] {
  const known = knownStatuses(document, facts).map(({ deliveryStatus }) => deliveryStatus);
  const present = facts.document.deliveryStatus;
  const isFirst = (status: string): number => (status === present ? 0 : 1);
  return [...new Set(known)].toSorted((one, other) => isFirst(one) - isFirst(other));
}

/** The newest that was notified, else what the document shows, unless one is named. */
function chooseStatus(
  document: PlainDocument,
  facts: SmsFacts,
  named: string | undefined,
): KnownStatus {
  const known = knownStatuses(document, facts);
  const [first] = known;
  if (first === undefined) throw new Refused('It has no delivery status yet: nothing to notify.');
  if (named === undefined) return first;
  const chosen = known.find(({ deliveryStatus }) => deliveryStatus === named);
  if (chosen !== undefined) return chosen;
  const others = [...new Set(known.map(({ deliveryStatus }) => deliveryStatus))].join(', ');
  throw new Refused(`No status ${JSON.stringify(named)} of it is known; known are: ${others}.`);
}

function knownStatuses(document: PlainDocument, facts: SmsFacts): readonly KnownStatus[] {
  const record = ownField(document, 'notify_on_delivery');
  const recorded = isPlainDocument(record) ? [record, ...earlierIn(record)] : [];
  const all = [
    ...recorded.map((each) => ({
      deliveryStatus: ownField(each, 'deliveryStatus'),
      statusAt: ownField(each, 'statusAt'),
    })),
    ...[...facts.ended.toReversed(), ...facts.parked].map((row) => ({
      deliveryStatus: readNotificationId(row.notificationId).deliveryStatus,
      statusAt: 'statusAt' in row ? row.statusAt : null,
    })),
    { deliveryStatus: facts.document.deliveryStatus, statusAt: facts.document.statusTime },
  ];
  return all.flatMap(({ deliveryStatus, statusAt }) =>
    typeof deliveryStatus === 'string' && deliveryStatus !== ''
      ? [{ deliveryStatus, statusAt: statusAt instanceof Date ? statusAt : null }]
      : [],
  );
}

function earlierIn(record: PlainDocument): readonly PlainDocument[] {
  const earlier = ownField(record, 'earlier');
  return Array.isArray(earlier) ? earlier.filter(isPlainDocument) : [];
}
