import { comesTrue } from './comesTrue.ts';
import type { Lab } from './lab.ts';
import { endpointPath } from './receiver.ts';

const LOOK_EVERY_MS = 100;

/** Whether these endpoints have accepted so many calls within the limit. */
export async function haveArrived(
  { receiver, signal }: Pick<Lab, 'receiver' | 'signal'>,
  endpoints: readonly number[],
  count: number,
  limitMs: number,
): Promise<boolean> {
  const arrived = async (): Promise<boolean> => {
    const paths = await receiver.paths();
    const accepted = endpoints.map((n) => paths.get(endpointPath(n))?.accepted ?? 0);
    return accepted.reduce((sum, each) => sum + each, 0) >= count;
  };
  return await comesTrue(arrived, { limitMs, everyMs: LOOK_EVERY_MS, signal });
}
