import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CentralDatabase } from '../../../scripts/harness/centralDatabase.ts';
import { newSms } from '../../../scripts/harness/smsPlatform.ts';
import type { Webhook } from '../../../src/domain/route.ts';
import type { CallPreview } from '../../../src/support/callPreview.ts';
import { readSmsWithCall } from '../../../src/support/smsReport.ts';
import { askAboutAccount, webhookOf } from '../../../src/support/webhooks.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { untyped } from '../../support/untyped.ts';
import { useConsole } from '../../support/useConsole.ts';

const world = useConsole(import.meta.url);
let receiver: Receiver | null = null;
type Settings = Omit<Parameters<CentralDatabase['optIn']>[2], 'url'>;

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(async () => await receiver?.close());

/** What the transport adds by itself. */
const ofTransport = ['host', 'connection'];

async function previewOf(_id: string): Promise<Extract<CallPreview, { kind: 'call' }>> {
  const document = newSms({ _id, deliveryStatus: 'DELIVERED', deliveryTime: new Date() });
  await untyped(world().servers.db.collection('SMSDetailDocument')).insertOne(document);
  const found = await readSmsWithCall(world().app.context.session, _id);
  if (found?.call.kind !== 'call') throw new Error('there is a call to show');
  return found.call;
}

async function webhook(): Promise<Webhook> {
  const { session } = world().app.context;
  const row = await askAboutAccount(session, 28, { flowId: 200 });
  const found = row === null ? 'none' : webhookOf(session, row);
  if (typeof found === 'string') throw new Error(found);
  return found;
}

describe('the request that is shown', () => {
  it.each<[string, Settings]>([
    [
      'with all that a webhook can have',
      { headers: { 'X-Key': 'k3y', 'User-Agent': 'their-agent' }, secret },
    ],
    ['with two secrets', { secret: `${secret} ${secret}` }],
    ['with nothing', {}],
  ])('is the one that is sent: %s', async (what, settings) => {
    const port = receiver?.port ?? 0;
    const path = `/${encodeURIComponent(what)}`;
    const url = `http://us3r:p4ss@127.0.0.1:${port}${path}?token=s3cret`;
    await world().central.optIn(28, 200, { url, ...settings });
    const call = await previewOf(what);
    const notificationId = call.headers.find(({ name }) => name === 'webhook-id')?.value ?? '';
    const { session } = world().app.context;
    await session.sender().send(
      {
        webhook: await webhook(),
        body: Buffer.from(call.body.text),
        ...{ notificationId, number: 1 },
      },
      session.stopping,
    );
    const [request, ...others] = receiver?.requests(path) ?? [];
    expect(others).toEqual([]);
    const names = Object.keys(request?.headers ?? {}).filter((name) => !ofTransport.includes(name));
    expect(call.headers.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    const shown = call.headers.filter(({ value }) => value !== null);
    for (const { name, value } of shown) expect(request?.headers[name]).toBe(value);
    expect(request?.body.byteLength).toBe(call.body.bytes);
    expect(request?.method).toBe(call.method);
    const signature = request?.headers['webhook-signature'];
    const signatures = typeof signature === 'string' ? signature.split(' ').length : 0;
    expect(call.signatures).toBe(signatures);
    const said = JSON.stringify(call);
    for (const hidden of ['us3r', 'p4ss', 's3cret', 'k3y', 'their-agent', secret, 'v1,']) {
      expect(said).not.toContain(hidden);
    }
    const page = await world().app.get(`/sms/${encodeURIComponent(what)}`, 'editor');
    expect(page.text).toContain(`POST http://127.0.0.1:${port}${path} and a query`);
    for (const hidden of ['us3r', 'p4ss', 's3cret', 'k3y', secret]) {
      expect(page.html).not.toContain(hidden);
    }
    expect(page.text).toContain(
      signatures === 0 ? 'no: the webhook has no secret' : `yes, with ${signatures} secret`,
    );
  });

  it('has the body that the document gives now', async () => {
    const { body } = await previewOf('fresh');
    expect(body.from).toBe('document');
    expect(JSON.parse(body.text)).toMatchObject({ smsDetails: [{ id: 'fresh', accountID: 28 }] });
  });
});
