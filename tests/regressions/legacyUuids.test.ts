import { beforeAll, describe, expect, it } from '@jest/globals';
import { Binary, type Collection, type Document } from 'mongodb';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import { cliWith } from '../support/cli.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

// A UUID of Binary subtype 3, as Spring Data writes them unless asked to, was no name for an SMS, and an
// SMS whose phononUuid was one was skipped.
const e2e = useEndToEnd(import.meta.url);

/** Bytes that each representation reads as a UUID of its own. */
const bytes = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const writers = [
  { representation: 'javaLegacy', settings: {}, text: '77665544-3322-1100-ffee-ddccbbaa9988' },
  { representation: 'csharpLegacy', text: '33221100-5544-7766-8899-aabbccddeeff' },
  { representation: 'pythonLegacy', text: '00112233-4455-6677-8899-aabbccddeeff' },
];

const raw = (): Collection => e2e().servers.db.collection('SMSDetailDocument');

function legacy(last: number): Binary {
  return new Binary(Buffer.from([...bytes.subarray(0, 15), last]), 3);
}

describe.each(writers)('an SMS of a writer of $representation', (writer) => {
  const { representation, text } = writer;
  const settings = writer.settings ?? { UUID_REPRESENTATION: representation };
  const path = `/${representation}`;
  const _id = new Binary(bytes, 3) as never;
  const recorded = async (): Promise<Document> =>
    await until(
      'it is recorded',
      async () => await raw().findOne({ _id, notify_on_delivery: { $exists: true } }),
    );

  beforeAll(async () => {
    await raw().deleteMany({});
    for (const name of ['sent', 'checkpoints', 'gaps']) {
      await e2e().servers.db.collection(`notify_on_delivery_${name}`).deleteMany({});
    }
    await e2e().central.optIn(28, 200, { url: e2e().receiver.url(path) });
  });

  it('is notified, with the text that its writer prints wherever a UUID stands', async () => {
    const worker = await e2e().worker(settings);
    const fields = { phononUuid: legacy(0xff), nested: { list: [legacy(0xff)] } };
    await raw().insertOne({ ...newSms(fields), _id });
    await raw().updateOne({ _id }, { $set: { deliveryStatus: 'SENT' } });
    expect((await recorded())['notify_on_delivery']).toMatchObject({
      state: 'delivered',
      notificationId: `${text}:SENT`,
    });
    const [request] = e2e().receiver.requests(path);
    expect(request?.headers['webhook-id']).toBe(`${text}:SENT`);
    expect(request?.json()).toMatchObject({
      'phonon-uuid': text,
      smsDetails: [{ id: text, phononUuid: text, nested: { list: [text] } }],
    });
    await worker.stop();
  });

  it('is found by that text, by every command', async () => {
    const all = { ...e2e().settings, ...settings };
    const end = await cliWith(all, 'explain', text, '--json');
    expect(end.code).toBe(0);
    expect(end.json()).toMatchObject({ smsId: text, document: { deliveryStatus: 'SENT' } });
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const replay = ['replay', '--since', since, '--until', new Date().toISOString()];
    const counts = await cliWith(all, ...replay, '--dry-run', '--json');
    expect(counts.json()).toMatchObject({ counts: { queued: 1, unusable: 0 } });
  });

  it('is notified when a search finds it, and when a save brings its status', async () => {
    await e2e().servers.db.collection('notify_on_delivery_checkpoints').deleteMany({});
    await raw().updateOne({ _id }, { $set: { deliveryStatus: 'FOUND', deliveryTime: new Date() } });
    const startAt = new Date(Date.now() - 3_600_000).toISOString();
    const worker = await e2e().worker({ ...settings, START_AT: startAt });
    const ids = () =>
      e2e()
        .receiver.requests(path)
        .map(({ headers }) => headers['webhook-id']);
    await until('the found one is notified', () => ids().includes(`${text}:FOUND`));
    const { _id: _same, ...document } = await recorded();
    await raw().replaceOne({ _id }, { ...document, deliveryStatus: 'SAVED' });
    await until('the saved one is notified', () => ids().includes(`${text}:SAVED`));
    expect(ids()).toEqual([`${text}:SENT`, `${text}:FOUND`, `${text}:SAVED`]);
    await worker.stop();
  });
});
