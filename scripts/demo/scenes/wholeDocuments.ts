import { isDeepStrictEqual } from 'node:util';
import { newSms } from '../../harness/smsPlatform.ts';
import type { Scene } from '../scene.ts';

const path = '/hooks/33';

export const wholeDocuments: Scene = {
  name: 'whole-documents',
  title: 'Inserts and saves of whole documents',
  async play({ stage, narrator, platform, checks, scene, recordOf, waitFor, passedOver }) {
    const { receiver, sms } = stage;
    await platform.setUp({ accountId: 33, flowId: 205, url: receiver.url(path) });
    const fields = { accountID: 33, flowId: 205 };
    const status = { deliveryStatus: 'DELIVERED', deliveryTime: new Date() };
    const calls = (): number => receiver.requests(path).length;

    narrator.say('A document can have its status from the start:');
    const inserted = newSms({ _id: 'sms-33a', ...fields, ...status });
    await platform.insert(inserted, '_id', 'deliveryStatus');
    const insertRecord = await recordOf(inserted._id);
    checks.equal('The insert was notified.', [insertRecord['state'], calls()], ['delivered', 1]);

    narrator.say("or get it by Spring Data's save(), which replaces the whole document:");
    const saved = newSms({ _id: 'sms-33b', ...fields });
    await platform.insert(saved, '_id');
    await platform.save({ ...saved, ...status }, '_id', 'deliveryStatus');
    const record = await recordOf(saved._id);
    checks.equal('The save was notified.', [record['state'], calls()], ['delivered', 2]);

    narrator.say(
      'Then a part of the service saves the document as it had read it before the call, without notify_on_delivery. The record is gone:',
    );
    const duplicates = async (): Promise<number> => await passedOver('duplicate');
    const before = await duplicates();
    await platform.save({ ...saved, ...status, billed: true }, '_id', 'deliveryStatus', 'billed');
    await waitFor('the worker sees the save', async () => (await duplicates()) > before);
    const restored = await recordOf(saved._id);
    scene.record = restored;
    checks.holds(
      'The record was restored unchanged.',
      isDeepStrictEqual(restored, record),
      JSON.stringify(record),
      JSON.stringify(restored),
    );
    checks.equal('The worker recognised the status and made no call.', calls(), 2);
    const document = await sms.findOne({ _id: saved._id });
    checks.equal('The saved data is kept.', document?.['billed'], true);
  },
};
