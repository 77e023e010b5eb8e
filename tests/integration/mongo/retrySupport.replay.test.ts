import { beforeEach, describe, expect, it } from '@jest/globals';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createReplayQueue, type Replay } from '../../../src/mongo/retrySupport.ts';
import { aSubject } from '../../support/builders.ts';
import { useServers } from '../../support/servers.ts';
import { untyped } from '../../support/untyped.ts';

const servers = useServers(import.meta.url);
const state = () => stateCollections(servers().db);

beforeEach(async () => {
  await state().retries.deleteMany({});
  await state().sent.deleteMany({});
});

function again(smsKey: string, run?: string): Replay {
  const subject = {
    ...aSubject(),
    smsKey,
    notificationId: `${smsKey}:DELIVERED`,
    ...(run === undefined ? {} : { run }),
  };
  return { subject, accountId: 28, flowId: 200, body: Buffer.from('{}') };
}

async function ended(smsKey: string, run: string | null): Promise<void> {
  await untyped(state().sent).insertOne({ _id: `${smsKey}:DELIVERED`, sms: smsKey, run });
}

describe('rows for what is notified again', () => {
  it('are due at once, their route to be looked up', async () => {
    expect(await createReplayQueue(state()).add([again('a', 'run 1'), again('b')])).toEqual([
      'queued',
      'queued',
    ]);
    expect(
      await state()
        .retries.find({}, { sort: { _id: 1 } })
        .toArray(),
    ).toMatchObject([
      { _id: 'a:DELIVERED', run: 'run 1', endpoint: '', attempts: 0, undecided: { lookUps: 0 } },
      { _id: 'b:DELIVERED', run: null },
    ]);
    const [isDue] = await state()
      .retries.aggregate([{ $project: { isDue: { $lte: ['$nextAttemptAt', '$$NOW'] } } }])
      .toArray();
    expect(isDue).toMatchObject({ isDue: true });
  });

  it('are left alone where there are some: those of the same run and others', async () => {
    const rows = createReplayQueue(state());
    await rows.add([again('a', 'run 1'), again('b')]);
    expect(await rows.add([again('a', 'run 1'), again('b', 'run 1'), again('b')])).toEqual([
      'queued_before',
      'waiting',
      'waiting',
    ]);
  });

  it('are none for what ended in the same run, or without one at all', async () => {
    await ended('a', 'run 1');
    await ended('b', null);
    const rows = createReplayQueue(state());
    expect(await rows.add([again('a', 'run 1'), again('b')])).toEqual(['ended', 'ended']);
    expect(await rows.add([again('a', 'run 2'), again('b', 'run 1')])).toEqual([
      'queued',
      'queued',
    ]);
  });

  it('are foreseen without being there', async () => {
    const rows = createReplayQueue(state());
    await rows.add([again('a')]);
    await ended('b', null);
    const all = [again('a', 'run 1'), again('b'), again('c')];
    expect(await rows.preview(all)).toEqual(['waiting', 'ended', 'queued']);
    expect(await state().retries.countDocuments()).toBe(1);
    expect(await rows.add([])).toEqual([]);
  });
});
