import type { Collection } from 'mongodb';
import type { Limit } from './calls.ts';
import { scanAll, scanOthers, type GapStep, type Progress } from './gapProgress.ts';
import { listOthers } from './listOthers.ts';
import { searchByScan, searchListed } from './searchById.ts';
import { searchDates } from './searchByTime.ts';
import { findTimeIndex, isIndexGone } from './timeIndex.ts';

export interface SearchGapOptions {
  readonly sms: Collection;
  /** Documents whose time lies before this do not belong to the gap. */
  readonly earliest: Date;
  /** Aborted when the search is to end. */
  readonly signal: AbortSignal;
  /** For each of its queries. */
  readonly patience: Limit;
}

/** One page of the search, and the state it leads to. Goes over to a scan when the index is gone. */
export async function searchGap(
  progress: Progress | null,
  options: SearchGapOptions,
): Promise<GapStep> {
  try {
    return await step(progress, options);
  } catch (error) {
    const usesIndex = progress?.kind === 'dates' || progress?.kind === 'others';
    if (usesIndex && isIndexGone(error)) return turnTo(scanAll);
    throw error;
  }
}

async function step(
  progress: Progress | null,
  { sms, earliest, signal, patience }: SearchGapOptions,
): Promise<GapStep> {
  switch (progress?.kind) {
    case undefined: {
      const index = await findTimeIndex(sms, patience);
      return turnTo(
        index === null ? scanAll : { kind: 'dates', index, from: earliest, passed: [] },
      );
    }
    case 'dates':
      return await searchDates(sms, progress, patience);
    case 'others': {
      const ids = await listOthers(sms, { index: progress.index, earliest, signal, patience });
      return turnTo(ids === null ? scanOthers : { kind: 'listed', ids });
    }
    case 'listed':
      return await searchListed(sms, progress, patience);
    case 'scan':
      return await searchByScan(sms, progress, { earliest, patience });
    case 'done':
      return turnTo(progress);
    default:
      return progress satisfies never;
  }
}

function turnTo(next: Progress): GapStep {
  return { documents: [], next };
}
