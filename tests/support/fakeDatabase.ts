import { attemptedRecord } from '../../src/domain/buildRecord.ts';
import type { PlainDocument } from '../../src/domain/plainValue.ts';
import { weightOf } from '../../src/domain/weight.ts';
import type {
  Ending,
  LedgerEntry,
  Lookup,
  LookupRequest,
  OutcomeStore,
  ParkedEntry,
  SmsStore,
} from '../../src/pipeline/ports.ts';
import { atOnce, type Turn } from './fakePorts.ts';
import {
  createFakeRetries,
  type FakeRetries,
  type FakeRetriesState,
  type FakeRow,
} from './fakeRetries.ts';

/** What one look-up reads of large documents. */
const ANSWER_WEIGHT = 32 * 1024 * 1024;

export interface FakeDatabase extends SmsStore, OutcomeStore {
  /** The SMS collection, by SMS key. */
  readonly documents: Map<string, PlainDocument>;
  /** Every end and record that was asked to be written, oldest first. */
  readonly endings: readonly Ending[];
  readonly lookups: readonly (readonly LookupRequest[])[];
  /** Durable state: what is parked. */
  readonly retries: FakeRetries;
  /** The ledger's memory of a notification, undefined when it has not ended. */
  ended(notificationId: string): LedgerEntry | undefined;
  /** The same database, as it answers another worker. */
  seenBy(turn: Turn): FakeDatabase;
}

interface LedgerRow extends LedgerEntry {
  readonly smsKey: string;
  readonly isDelivered: boolean;
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
  const retries = createFakeRetries((id) => ledger.get(id), turn, state.retries);
  const isAskedFor = (request: LookupRequest, entry: LedgerRow): boolean =>
    request.wants === 'document'
      ? entry.notificationId === request.notificationId
      : entry.smsKey === request.smsKey;
  const remember = ({ notificationId, smsKey, record, showRecord }: Ending): void => {
    if (record === null) return;
    const known = ledger.get(notificationId);
    const isDelivered = record.state === 'delivered';
    if (known !== undefined && (known.isDelivered || !isDelivered)) return;
    const shown = showRecord ? record : null;
    ledger.set(notificationId, { smsKey, notificationId, record: shown, isDelivered });
  };
  return {
    documents,
    endings,
    lookups,
    retries,
    ended: (notificationId) => ledger.get(notificationId),
    seenBy: (other) => createFakeDatabase(other, state),
    async lookUp(requests) {
      lookups.push(requests);
      await turn('lookUp');
      let weight = 0;
      const documentOf = ({ smsKey, wants }: LookupRequest): Partial<Lookup> => {
        if (wants === 'history') return {};
        if (weight >= ANSWER_WEIGHT) return { isLeft: true };
        const document = documents.get(smsKey) ?? null;
        weight += weightOf(document ?? undefined);
        return { document };
      };
      return requests.map((request) => ({
        document: null,
        ...documentOf(request),
        ended: [...ledger.values()].filter((entry) => isAskedFor(request, entry)),
        parked: [...retries.rows.values()]
          .filter(({ parked }) => parked.subject.smsKey === request.smsKey)
          .map((row) => parkedEntry(row, request.wants !== 'document')),
      }));
    },
    async end(ending) {
      await turn('end');
      endings.push(ending);
      if (ending.remember) remember(ending);
      await ending.onRemembered?.();
      await turn('end shown');
      const { notificationId, claim } = ending;
      const row = retries.rows.get(notificationId);
      if (claim !== null && row?.claim === claim) retries.rows.delete(notificationId);
      await turn('end done');
    },
  };
}

function parkedEntry({ parked, claim, dueAtMs }: FakeRow, withRecord: boolean): ParkedEntry {
  const { subject, webhook, log } = parked;
  const isClaimed = claim !== null && dueAtMs > Date.now();
  const standing = { state: 'retrying', nextAttemptAt: new Date(dueAtMs) } as const;
  const isShown = withRecord && !isClaimed && log.begun > 0;
  const record = isShown ? attemptedRecord(subject, webhook, log, standing) : null;
  return { notificationId: subject.notificationId, isClaimed, record, statusAt: subject.statusAt };
}
