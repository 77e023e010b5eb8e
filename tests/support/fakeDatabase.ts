import { attemptedRecord } from '../../src/domain/record.ts';
import type { PlainDocument } from '../../src/domain/plainValue.ts';
import { weightOf } from '../../src/domain/weight.ts';
import type {
  Ending,
  LedgerEntry,
  Lookup,
  LookupRequest,
  Lookups,
  OutcomeStore,
  WaitingEntry,
} from '../../src/ports/notify.ts';
import { atOnce, type Turn } from './fakePorts.ts';
import {
  createFakeRetries,
  type FakeRetries,
  type FakeRetriesState,
  type FakeRow,
} from './fakeRetries.ts';

/** What one look-up reads of large documents. */
const ANSWER_WEIGHT = 32 * 1024 * 1024;

export interface FakeDatabase extends Lookups, OutcomeStore {
  /** The SMS collection, by SMS key. */
  readonly documents: Map<string, PlainDocument>;
  /** Every end and record that was asked to be written, oldest first. */
  readonly endings: readonly Ending[];
  readonly lookups: readonly (readonly LookupRequest[])[];
  /** Durable state: what is scheduled. */
  readonly retries: FakeRetries;
  /** The ledger's memory of a notification, undefined when it has not ended. */
  ended(notificationId: string): LedgerEntry | undefined;
  /** The same database, as it answers another worker. */
  seenBy(turn: Turn): FakeDatabase;
}

interface LedgerRow {
  readonly smsKey: string;
  readonly isDelivered: boolean;
  readonly entry: LedgerEntry;
}

interface FakeState {
  readonly documents: Map<string, PlainDocument>;
  readonly ledger: Map<string, LedgerRow>;
  readonly endings: Ending[];
  readonly lookups: (readonly LookupRequest[])[];
  readonly retries: FakeRetriesState;
}

function createState(): FakeState {
  const retries = { rows: new Map(), writes: [], claims: 0 };
  return { documents: new Map(), ledger: new Map(), endings: [], lookups: [], retries };
}

/**
 * SMS collection, ledger and durable state. A record goes into the ledger only: how documents show it is
 * MongoDB's part. An end takes its three steps one after the other.
 */
export function createFakeDatabase(
  turn: Turn = atOnce,
  state: FakeState = createState(),
): FakeDatabase {
  const { documents, ledger, endings, lookups } = state;
  const retries = createFakeRetries((id) => ledger.get(id)?.entry, turn, state.retries);
  const isAskedFor = (request: LookupRequest, { entry, smsKey }: LedgerRow): boolean =>
    request.wants === 'document'
      ? entry.notificationId === request.notificationId
      : smsKey === request.smsKey;
  const remember = ({ notificationId, smsKey, record, showRecord, run }: Ending): void => {
    if (record === null) return;
    const known = ledger.get(notificationId);
    const isDelivered = record.state === 'delivered';
    const isStronger = isDelivered && known?.isDelivered === false;
    const isOfAnotherRun = run !== undefined && run !== known?.entry.run;
    if (known !== undefined && !isStronger && !isOfAnotherRun) return;
    const { earlier: _earlier, ...own } = record;
    const entry = { notificationId, record: showRecord ? own : null, ...(run && { run }) };
    ledger.set(notificationId, { smsKey, isDelivered, entry });
  };
  return {
    documents,
    endings,
    lookups,
    retries,
    ended: (notificationId) => ledger.get(notificationId)?.entry,
    seenBy: (other) => createFakeDatabase(other, state),
    async lookUp(requests) {
      lookups.push(requests);
      await turn('lookUp');
      let weight = 0;
      return requests.map((request): Lookup => {
        const ended = [...ledger.values()]
          .filter((row) => isAskedFor(request, row))
          .map(({ entry }) => entry);
        const waiting = [...retries.rows.values()]
          .filter(({ retry }) => retry.subject.smsKey === request.smsKey)
          .map((row) => waitingEntry(row, request.wants !== 'document'));
        const nothing = { document: null, ended, waiting };
        const hasRecords = [...ended, ...waiting].some(({ record }) => record !== null);
        const isRead = request.wants === 'document' || (request.wants === 'records' && hasRecords);
        if (!isRead) return nothing;
        if (weight >= ANSWER_WEIGHT)
          return { document: null, ended: [], waiting: [], isLeft: true };
        const document = documents.get(request.smsKey) ?? null;
        weight += weightOf(document ?? undefined);
        const isWhole = document === null || request.wants === 'document';
        return { document: isWhole ? document : recordOf(document), ended, waiting };
      });
    },
    async end(ending) {
      await turn('end');
      endings.push(ending);
      if (ending.remember) remember(ending);
      ending.remembered?.();
      await ending.onRemembered?.();
      await turn('end shown');
      const { notificationId, claim } = ending;
      const row = retries.rows.get(notificationId);
      if (claim !== null && row?.claim === claim) retries.rows.delete(notificationId);
      await turn('end done');
    },
  };
}

/** The record, and nothing else of the document. */
function recordOf(document: PlainDocument): PlainDocument {
  const shown = Object.entries(document).filter(([name]) =>
    ['_id', 'notify_on_delivery'].includes(name),
  );
  return Object.fromEntries(shown);
}

function waitingEntry({ retry, claim, dueAtMs }: FakeRow, withRecord: boolean): WaitingEntry {
  const { subject, webhook, log } = retry;
  const { notificationId, statusAt, run } = subject;
  const isClaimed = claim !== null && dueAtMs > Date.now();
  const standing = { state: 'retrying', nextAttemptAt: new Date(dueAtMs) } as const;
  const isShown = withRecord && !isClaimed && log.begun > 0;
  return {
    notificationId,
    isClaimed,
    record: isShown ? attemptedRecord(subject, webhook, log, standing) : null,
    ...(withRecord && { statusAt }),
    ...(run !== undefined && { run }),
  };
}
