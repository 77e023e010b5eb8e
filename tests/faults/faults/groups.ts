import type { Fault } from '../fault.ts';
import { groupCollectionDropped } from './groupCollection.ts';
import { groupHandOver } from './groupHandOver.ts';
import { groupKilled } from './groupKilled.ts';
import { groupMixed } from './groupMixed.ts';
import { groupOffsetsGone, groupRetention, groupTopicAnew } from './groupOffsets.ts';
import { groupParked } from './groupParked.ts';
import { groupMorePartitions } from './groupPartitions.ts';
import { groupPoison } from './groupPoison.ts';
import {
  groupBrokerKilled,
  groupBrokerSilent,
  groupConnectorKilled,
  groupMysqlAway,
} from './groupServers.ts';

/** Those of workers that take statuses from Kafka: each needs Java. */
export const groupFaults: readonly Fault[] = [
  groupHandOver,
  groupKilled,
  groupBrokerKilled,
  groupBrokerSilent,
  groupConnectorKilled,
  groupMysqlAway,
  groupRetention,
  groupOffsetsGone,
  groupTopicAnew,
  groupCollectionDropped,
  groupMorePartitions,
  groupParked,
  groupMixed,
  groupPoison,
];
