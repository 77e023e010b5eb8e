import { beforeEach } from '@jest/globals';
import {
  describeCheckpointStore,
  type CheckpointUnderTest,
} from '../../contract/checkpointStore.ts';
import { aPosition } from '../../support/builders.ts';
import { createFakeCheckpoints, savedCheckpoint } from '../../support/fakeCheckpoints.ts';
import { atOnce } from '../../support/fakePorts.ts';

let checkpoint: CheckpointUnderTest;

beforeEach(() => {
  const state = savedCheckpoint();
  checkpoint = {
    holder: (epoch) => createFakeCheckpoints(null, atOnce, { state, epoch }),
    position: aPosition,
    keep() {
      const { row } = state;
      return Promise.resolve(() => {
        state.row = row;
        return Promise.resolve();
      });
    },
  };
});

describeCheckpointStore(() => checkpoint);
