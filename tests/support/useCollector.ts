import { afterAll, beforeAll } from '@jest/globals';
import { startCollector, type Collector } from '../../scripts/services/collector/startCollector.ts';

/** A collector for all tests of a file. */
export function useCollector(): () => Collector {
  let collector: Collector;
  // The first time, the collector is built.
  beforeAll(async () => {
    collector = await startCollector();
  }, 660_000);
  afterAll(async () => {
    await collector.close();
  });
  return () => collector;
}
