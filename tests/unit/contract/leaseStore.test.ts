import { beforeEach } from '@jest/globals';
import { describeLeaseStore, type LeaseUnderTest } from '../../contract/leaseStore.ts';
import { createFakeLeases, noLease } from '../../support/fakeLeases.ts';
import { atOnce } from '../../support/fakePorts.ts';

const ttlMs = 60_000;
let lease: LeaseUnderTest;

beforeEach(() => {
  const state = noLease();
  lease = {
    ttlMs,
    worker: () => createFakeLeases(ttlMs, atOnce, state),
    leftMs: () => Promise.resolve(state.untilMs - Date.now()),
    endIn(ms = -1) {
      state.untilMs = Date.now() + ms;
      return Promise.resolve();
    },
  };
});

describeLeaseStore(() => lease);
