import type { Collection, Document } from 'mongodb';
import type { Limit } from './calls.ts';
import { asBytes } from './decodeDocument.ts';
import { areTooMany, PAGE_SIZE, scanAll, type GapStep, type Progress } from './gapProgress.ts';
import { lastDate } from './mayBelong.ts';
import { readAnswer } from './readAnswer.ts';

type Dates = Extract<Progress, { kind: 'dates' }>;

/**
 * The next documents in the order of their times. Nothing else is asked of them, so that no query goes
 * through more than it brings. Those of one time have no order that could be gone on in: the ones passed
 * are remembered, and when they become too many the search begins anew by `_id`.
 */
export async function searchDates(
  sms: Collection,
  progress: Dates,
  patience: Limit,
): Promise<GapStep> {
  const { index, from, passed } = progress;
  const filter: Document = { deliveryTime: { $gte: from, $lte: lastDate }, _id: { $nin: passed } };
  const limits = { limit: PAGE_SIZE + 1, batchSize: PAGE_SIZE + 2 };
  const order = { hint: index, sort: { deliveryTime: 1 }, ...limits } as const;
  const inOrder = { ...order, ...asBytes };
  const { documents, isAll } = await readAnswer(sms.find(filter, inOrder), patience);
  // Where they are too large for one page, it goes on at the time of the last that was read, without that one.
  const following = isAll ? documents[PAGE_SIZE] : documents.at(-1);
  if (following === undefined) return { documents, next: { kind: 'others', index } };
  const page = documents.slice(0, PAGE_SIZE);
  const time = timeOf(following);
  // An array, which somebody has written since the index was chosen.
  if (time === null) return { documents: page, next: scanAll };
  const ofThatTime = page.filter((document) => timeOf(document) === time);
  const before = from.getTime() === time ? passed : [];
  const passedThen = [...before, ...ofThatTime.map((document): unknown => document['_id'])];
  if (areTooMany(passedThen)) return { documents: page, next: scanAll };
  return { documents: page, next: { ...progress, from: new Date(time), passed: passedThen } };
}

function timeOf(document: Document): number | null {
  const time: unknown = document['deliveryTime'];
  return time instanceof Date ? time.getTime() : null;
}
