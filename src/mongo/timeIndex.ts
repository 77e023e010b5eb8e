import type { Collection, Document } from 'mongodb';
import { withDeadline, type Limit } from './calls.ts';
import { codes, serverCode } from './errorCodes.ts';
import { firstDate, lastDate } from './mayBelong.ts';

/**
 * The name of an index of the customer's that gives all documents in the order of `deliveryTime`; null
 * when there is none, or it is not for us to know.
 */
export async function findTimeIndex(sms: Collection, patience: Limit): Promise<string | null> {
  for (const index of await listIndexes(sms, patience)) {
    const name = index['name'] as string;
    if (isWhole(index) && (await givesOrder(sms, name, patience))) return name;
  }
  return null;
}

/** Whether the server refused a query because the index in its hint is gone, hidden or not yet built. */
export function isIndexGone(error: unknown): boolean {
  return serverCode(error) === codes.badValue;
}

async function listIndexes(sms: Collection, patience: Limit): Promise<readonly Document[]> {
  try {
    return await withDeadline(patience, () => sms.listIndexes().toArray());
  } catch (error) {
    const code = serverCode(error);
    if (code === codes.unauthorized || code === codes.namespaceNotFound) return [];
    throw error;
  }
}

/** It leads with the time, and leaves no document out. Its collation, if it has one, orders times like any other. */
function isWhole(index: Document): boolean {
  const key = Object.entries(index['key'] as Document);
  const isPlain = key.every(([, direction]) => Number.isFinite(Number(direction)));
  const leavesOut =
    index['sparse'] === true || index['partialFilterExpression'] !== undefined || hasWildcard(key);
  const isVisible = index['hidden'] !== true;
  return key[0]?.[0] === 'deliveryTime' && isPlain && !leavesOut && isVisible;
}

function hasWildcard(key: readonly (readonly [string, unknown])[]): boolean {
  return key.some(([field]) => field.endsWith('$**'));
}

/** An array in one `deliveryTime` is enough to make the server sort by itself: all of it, every page. */
async function givesOrder(sms: Collection, index: string, patience: Limit): Promise<boolean> {
  try {
    const filter = { deliveryTime: { $gte: firstDate, $lte: lastDate } };
    const inOrder = { hint: index, sort: { deliveryTime: 1 } } as const;
    const plan = await withDeadline(patience, () =>
      sms.find(filter, inOrder).explain('queryPlanner'),
    );
    const winner: unknown = (plan['queryPlanner'] as Document | undefined)?.['winningPlan'];
    return !JSON.stringify(winner).includes('"stage":"SORT"');
  } catch (error) {
    if (isIndexGone(error)) return false;
    throw error;
  }
}
