import { ownField, type PlainValue } from '../domain/plainValue.ts';
import { timeIn } from '../domain/sms.ts';
import { createTimeZone } from '../runtime/timeZone.ts';
import { smsKey } from '../domain/ids.ts';
import { previewCall, type CallPreview } from './callPreview.ts';
import { maskNumber } from './masking.ts';
import { notifiedOf, type NotifiedFacts } from './recordFacts.ts';
import { statusesOf } from './replayOne.ts';
import { makeRetriesDue } from './retries.ts';
import { Refused, type Session } from './session.ts';
import { gatherFacts, lookUpSms, requireSms, type SmsFacts } from './smsFacts.ts';
import { textOf } from './verdict.ts';

/** What a page shows of one SMS. */
export interface SmsReport {
  /** As it reads: also for one that was found by another spelling. */
  readonly smsId: string;
  readonly facts: SmsFacts;
  /** How it ended, or how far its record says it is. */
  readonly notified: NotifiedFacts | null;
  readonly maskedTo: string;
  readonly sendTime: Date | null;
  readonly phononUuid: string | null;
  /** Those that can be sent again, the one it has first. */
  readonly statuses: readonly string[];
  /** To be shown to those only who may see it, and only when they ask. */
  readonly personal: Readonly<{ to: string | null; text: string | null }>;
}

/** Null when there is no such SMS. */
export async function readSmsReport(session: Session, smsId: string): Promise<SmsReport | null> {
  return (await readSms(session, smsId))?.report ?? null;
}

/** The same, with the call that would be made next. */
export async function readSmsWithCall(
  session: Session,
  smsId: string,
): Promise<{ readonly report: SmsReport; readonly call: CallPreview } | null> {
  const sms = await readSms(session, smsId);
  if (sms === null) return null;
  const { report, stored } = sms;
  return { report, call: await previewCall(session, report.facts, stored) };
}

async function readSms(session: Session, asked: string) {
  const stored = await lookUpSms(session, asked);
  if (stored === null) return null;
  const { smsId, document } = stored;
  const facts = await gatherFacts(session, stored);
  const zone = createTimeZone(session.config.call.payloadTimeZone);
  const personal = { to: shown(ownField(document, 'to')), text: shown(ownField(document, 'text')) };
  const report: SmsReport = {
    smsId,
    facts,
    notified: notifiedOf(facts),
    maskedTo: maskNumber(ownField(document, 'to') ?? null),
    sendTime: timeIn(document, 'sendTime', zone),
    phononUuid: shown(ownField(document, 'phononUuid')),
    statuses: statusesOf(document, facts),
    personal,
  };
  return { report, stored };
}

function shown(value: PlainValue | undefined): string | null {
  return value === undefined || value === null ? null : textOf(value);
}

/** Makes all that waits of one SMS due now. Throws `Refused` when there is no such SMS. */
export async function makeSmsDue(session: Session, smsId: string) {
  const { document } = await requireSms(session, smsId);
  const key = smsKey(document['_id'] ?? null);
  if (key === null) throw new Refused('Nothing can wait for an SMS with such an _id.');
  return await makeRetriesDue(session, { smsKey: key }, false);
}
