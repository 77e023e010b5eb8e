import type { Fault } from '../fault.ts';
import { badEndpoints } from './badEndpoints.ts';
import { claimsRunOut } from './claimsRunOut.ts';
import { brokenNetwork } from './brokenNetwork.ts';
import { clockJump } from './clockJump.ts';
import { collectionGone } from './collectionGone.ts';
import { cutScans } from './cutScans.ts';
import { deadConnections } from './deadConnections.ts';
import { failingCommands } from './failingCommands.ts';
import { failingStream } from './failingStream.ts';
import { failover } from './failover.ts';
import { frozenMongod } from './frozenMongod.ts';
import { frozenWorker } from './frozenWorker.ts';
import { handOver } from './handOver.ts';
import { killedCursors } from './killedCursors.ts';
import { killedMongod } from './killedMongod.ts';
import { killedWorker } from './killedWorker.ts';
import { lateStart } from './lateStart.ts';
import { mysqlErrors, mysqlKeyErrors } from './mysqlErrors.ts';
import { mysqlOutages } from './mysqlOutages.ts';
import { oddCollection } from './oddCollection.ts';
import { poison } from './poison.ts';
import { restoredDatabase } from './restoredDatabase.ts';
import { rolledOplog } from './rolledOplog.ts';
import { slowEndpoints } from './slowEndpoints.ts';
import { mysqlErrorsAtStart, slowKeys } from './slowKeys.ts';
import { writeErrors } from './writeErrors.ts';

/** In the order in which they begin: those that take longest first, so that the others fill the time beside them. */
export const faults: readonly Fault[] = [
  claimsRunOut,
  killedWorker,
  handOver,
  rolledOplog,
  restoredDatabase,
  failingStream,
  mysqlOutages,
  brokenNetwork,
  deadConnections,
  lateStart,
  failover,
  frozenWorker,
  failingCommands,
  killedMongod,
  collectionGone,
  frozenMongod,
  cutScans,
  mysqlErrors,
  mysqlKeyErrors,
  slowKeys,
  poison,
  mysqlErrorsAtStart,
  writeErrors,
  clockJump,
  killedCursors,
  oddCollection,
  badEndpoints,
  slowEndpoints,
];
