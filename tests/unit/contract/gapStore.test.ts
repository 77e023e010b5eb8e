import { beforeEach } from '@jest/globals';
import type { FoundDocument } from '../../../src/domain/gap.ts';
import { describeGapStore } from '../../contract/gapStore.ts';
import { aDocument } from '../../support/builders.ts';
import { createFakeGaps, type FakeGaps } from '../../support/fakeGaps.ts';

const PAGE_SIZE = 500;
let gaps: FakeGaps;
let pages: FoundDocument[][];

beforeEach(() => {
  pages = [];
  gaps = createFakeGaps(pages);
});

function found(_id: string): FoundDocument {
  return { documentKey: { opaque: { _id } }, document: aDocument({ _id }) };
}

describeGapStore(() => ({
  store: () => gaps,
  fill(ids) {
    for (let at = 0; at < ids.length; at += PAGE_SIZE) {
      pages.push(ids.slice(at, at + PAGE_SIZE).map(found));
    }
    return Promise.resolve();
  },
}));
