import type { Fault } from '../fault.ts';
import { badEndpoints } from './badEndpoints.ts';
import { brokenNetwork } from './brokenNetwork.ts';
import { failingCommands } from './failingCommands.ts';
import { failover } from './failover.ts';
import { frozenMongod } from './frozenMongod.ts';
import { frozenWorker } from './frozenWorker.ts';
import { handOver } from './handOver.ts';
import { killedCursors } from './killedCursors.ts';
import { killedMongod } from './killedMongod.ts';
import { killedWorker } from './killedWorker.ts';
import { mysqlOutages } from './mysqlOutages.ts';

/**
 * In the order in which they begin: those that take longest first, so that the others fill the time beside
 * them. A lost history, a dropped or renamed collection and a restored database belong here too.
 */
export const faults: readonly Fault[] = [
  killedWorker,
  handOver,
  frozenWorker,
  frozenMongod,
  brokenNetwork,
  badEndpoints,
  failover,
  killedMongod,
  mysqlOutages,
  failingCommands,
  killedCursors,
];
