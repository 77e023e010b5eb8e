import { jest } from '@jest/globals';
import type { Change } from '../../../src/domain/change.ts';
import { takeIn } from '../../../src/domain/takeIn.ts';
import { handleChange } from '../../../src/pipeline/handleChange.ts';
import type { World } from '../../support/world.ts';

/** Handles a change that must be one of a status to be told; whether it was news. */
export async function handleIn(
  { deps }: World,
  change: Change,
  settle: () => void = jest.fn(),
): Promise<boolean> {
  const intake = takeIn(change, new Set());
  if (intake.kind !== 'subject') throw new Error(intake.kind);
  return await handleChange(change, intake.subject, deps, settle);
}
