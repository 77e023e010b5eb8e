import type { Document } from 'mongodb';
import type { Gap } from '../domain/gap.ts';
import type { Progress } from './gapProgress.ts';
import { isDate, isText } from './rowProblem.ts';

/** A gap's row, as far as a search goes on from it. */
export interface ReadGap {
  readonly gap: Gap;
  readonly isBegun: boolean;
  readonly step: number;
  readonly progress: Progress | null;
  /** The fields that are not as the worker writes them, as they count and are to be written; none as a rule. */
  readonly mended: Document;
}

/** What takes the place of times that can't be read: statuses from `earliest` on are known to have been told. */
export interface Bounds {
  readonly earliest: Date;
  readonly now: Date;
}

/**
 * Any row can be searched: what it does not say is searched for as far as is remembered, and what it has come to is
 * searched anew, which tells nothing twice.
 */
export function readGapRow(row: Document, { earliest, now }: Bounds): ReadGap {
  const to = isDate(row['to']) ? (row['to'] as Date) : now;
  const from = isDate(row['from']) ? (row['from'] as Date) : earlierOf(earliest, to);
  const isStep = Number.isSafeInteger(row['step']);
  const progress = (row['progress'] ?? null) as unknown;
  const isProgress = progress === null || isProgressOf(progress);
  const mended = {
    ...(to !== row['to'] && { to }),
    ...(from !== row['from'] && { from }),
    ...(!isStep && { step: 0 }),
    ...(!isProgress && { progress: null }),
    ...Object.fromEntries(
      ['recovered', 'unplaceable']
        .filter((name) => row[name] !== undefined && !Number.isSafeInteger(row[name]))
        .map((name) => [name, 0]),
    ),
  };
  return {
    gap: { id: row['_id'] as string, from, to },
    isBegun: row['begun'] === true || (isProgress && progress !== null),
    step: isStep ? Number(row['step']) : 0,
    progress: isProgress ? (progress as Progress | null) : null,
    mended,
  };
}

function earlierOf(one: Date, other: Date): Date {
  return one < other ? one : other;
}

function isProgressOf(value: unknown): boolean {
  const { kind, ...state } = value as Partial<Record<string, unknown>>;
  switch (kind) {
    case 'dates':
      return isText(state['index']) && isDate(state['from']) && Array.isArray(state['passed']);
    case 'others':
      return isText(state['index']);
    case 'listed':
      return Array.isArray(state['ids']);
    case 'scan':
      return state['from'] !== undefined && typeof state['skipDates'] === 'boolean';
    default:
      return kind === 'done';
  }
}
