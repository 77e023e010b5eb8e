import { readNotificationId } from '../domain/ids.ts';
import { spellingsOf } from '../domain/phoneNumber.ts';
import { describeFound, searchByField, type Found, type HowMany, type Known } from './findSms.ts';
import type { Day } from './day.ts';
import type { Session } from './session.ts';
import { lookUpSms } from './smsFacts.ts';

/** What somebody has typed who looks for an SMS. */
interface Sought {
  readonly what: string;
  /** For a phone number. */
  readonly day: Day;
}

export type SearchResult =
  | (Found & Readonly<{ kind: 'found' }>)
  /** What was searched, and why what could not be: sentences. */
  | Readonly<{ kind: 'none'; said: readonly string[] }>;

/**
 * Finds by whatever it may be, in this order: an SMS id as `explain` takes it, a notification's id, then a phone number
 * for what reads like one, then a phonon-uuid. The first that finds any counts.
 */
export async function searchSms(
  session: Session,
  sought: Sought,
  howMany: HowMany,
): Promise<SearchResult> {
  const byId = await searchById(session, sought.what, howMany);
  if (byId !== null) return byId;
  const { namespace } = (await session.mongo()).sms;
  const said = [`No SMS in ${namespace} has this _id.`];
  for (const [at, known] of knownFor(sought).entries()) {
    const searched = await searchByField(session, known, howMany);
    if (searched.kind === 'found') return searched;
    // Nobody who types a number asks for an index on phonon-uuids.
    if (searched.kind === 'noIndex' && at > 0) continue;
    const { what } = searched;
    said.push(
      searched.kind === 'none'
        ? `There is none ${what}.`
        : `One ${what} could not be searched for. ${searched.advice}`,
    );
  }
  return { kind: 'none', said };
}

/** Null when there is none. */
async function searchById(
  session: Session,
  what: string,
  { isExplained }: HowMany,
): Promise<SearchResult | null> {
  for (const smsId of idsIn(what)) {
    const stored = await lookUpSms(session, smsId);
    if (stored === null) continue;
    const sms = await describeFound(session, [stored], isExplained);
    return { kind: 'found', sms, hasMore: false };
  }
  return null;
}

/** As it is, and of a notification's id the first half. */
function idsIn(what: string): readonly string[] {
  if (!what.includes(':')) return [what];
  const { smsId } = readNotificationId(what);
  return [...new Set([what, smsId])];
}

function knownFor({ what, day }: Sought): readonly Known[] {
  const phononUuid = { kind: 'phononUuid', phononUuid: what } as const;
  if (spellingsOf(what) === null) return [phononUuid];
  return [{ kind: 'number', number: what, day }, phononUuid];
}
