import { describe, expect, it } from '@jest/globals';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { startIsland, type Island } from '../support/island/island.ts';
import type { IslandPlan } from '../support/island/plan.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

const PUBLIC = '93.184.216.34';
const PUBLIC_V6 = '2606:2800:220:1:248:1893:25c8:1946';
const OWN_NETWORK = '10.77.0.9';

/** All there on the island, so that a call to any of them would arrive. */
const addresses = [
  ...[PUBLIC, PUBLIC_V6, OWN_NETWORK, '64:ff9b::5db8:d822', '64:ff9b::7f00:1', '64:ff9b::a00:5'],
  ...['10.0.0.5', '172.16.0.1', '192.168.1.1', '169.254.169.254', '169.254.170.2', '100.64.0.1'],
  ...['100.100.100.200', '192.0.0.192', '192.0.2.1', '198.18.0.1', '203.0.113.1', '168.63.129.16'],
  ...['fd00:ec2::254', 'fc00::1', 'fec0::1', '2002:7f00:1::', '2001:db8::1', '64:ff9b:1::7f00:1'],
];

const names = {
  // With a dot at its end it is not looked up in /etc/hosts.
  localhost: [['127.0.0.1']],
  'public.example': [[PUBLIC]],
  'public6.example': [[PUBLIC_V6]],
  'xn--bcher-kva.example': [[PUBLIC]],
  'both.example': [['10.0.0.5', '127.0.0.1', PUBLIC]],
  'private.example': [['10.0.0.5']],
  'loopback.example': [['127.0.0.1']],
  'loopback6.example': [['::1']],
  'zero.example': [['0.0.0.0']],
  'metadata.example': [['169.254.169.254']],
  'two.example': [['192.168.1.1', 'fd00:ec2::254']],
  'rebinding.example': [[PUBLIC], ['127.0.0.1']],
  'turning.example': [['127.0.0.1'], [PUBLIC]],
};

const reaching = [
  `http://${PUBLIC}/`,
  `http://${PUBLIC}:8080/`,
  'http://0x5db8d822/',
  'http://1572395042/',
  'http://0135.0270.0330.042/',
  `http://[${PUBLIC_V6}]/`,
  `http://[::ffff:${PUBLIC}]/`,
  'http://[64:ff9b::5db8:d822]/',
  'http://public.example/',
  'http://public.example./',
  'http://PUBLIC.example:8080/hook?x=127.0.0.1',
  'http://127.0.0.1@public.example/',
  'http://bücher.example/',
  'http://public6.example/',
  'http://both.example/',
  `http://${OWN_NETWORK}/`,
];

const refused = [
  ...['127.0.0.1', '127.0.0.1:22', '127.0.0.1:6379', '127.0.0.1:27017', '127.1', '127.0.1'],
  ...['2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001', '0x7f.0x0.0x0.0x1'],
  ...['127.255.255.254', '127.0.0.1.', '0', '0.0.0.0', '0.0.0.0:8080', '00000000.0', '0x0'],
  ...['localhost', 'LOCALHOST', 'localhost.', 'localhost:8080', 'loopback.example'],
  ...['loopback6.example', 'zero.example', 'private.example', 'metadata.example', 'two.example'],
  ...['10.0.0.5', '10.255.255.255', '0xa.5', '012.0.0.5', '167772165', '172.16.0.1'],
  ...['172.31.255.254', '192.168.1.1', '0300.0250.1.1', '3232235777', '192.168.257'],
  ...['169.254.169.254', '2852039166', '0251.0376.0251.0376', '0xa9fea9fe', '169.254.170.2'],
  ...['100.64.0.1', '100.127.255.254', '100.100.100.200', '192.0.0.192', '192.0.2.1'],
  ...['198.18.0.1', '198.51.100.1', '203.0.113.1', '192.88.99.1', '168.63.129.16'],
  ...['224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255'],
  ...['[::1]', '[::1]:8080', '[0:0:0:0:0:0:0:1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]'],
  ...['[::ffff:10.0.0.5]', '[::ffff:a9fe:a9fe]', '[::127.0.0.1]', '[::7f00:1]', '[::ffff:0:0]'],
  ...['[::ffff:0:127.0.0.1]', '[64:ff9b::127.0.0.1]', '[64:ff9b::a00:5]', '[64:ff9b:1::7f00:1]'],
  ...['[2002:7f00:1::]', '[2002:a00:5::1]', '[2001:0:7f00:1::1]', '[2001:db8::1]', '[fe80::1]'],
  ...['[fc00::1]', '[fd00:ec2::254]', '[fec0::1]', '[ff02::1]', '[ff0e::1]', '[100::1]'],
  ...['public.example@127.0.0.1', 'public.example:80@10.0.0.5', '127.0.0.1#@public.example'],
  ...['127.0.0.1?@public.example', '127.0.0.1\\@public.example', '１２７.０.０.１', '①②⑦.⓪.⓪.①'],
  ...['127。0。0。1', '%31%32%37.0.0.1', 'ｌocalhost'],
].map((authority) => `http://${authority}/`);

const unusable = [
  'gopher://127.0.0.1/',
  'file:///etc/passwd',
  'http:127.0.0.1/',
  'http:///127.0.0.1/',
  '//127.0.0.1/',
  'http://127.0.0.1\t/',
  'http://127.0.0.1\r\nhost: public.example/',
  'http://[fe80::1%25lo]/',
  'http://127.0.0.1:99999/',
  'http://127.0.0.1%00.public.example/',
];

const FIRST_FLOW = 1_000;
/** More than the look-ups that libuv lets be in progress in the threads that `npm start` gives it. */
const DEAD_NAMES = 80;

async function addAccounts(urls: readonly string[]): Promise<void> {
  for (const [index, url] of urls.entries())
    await e2e().central.optIn(index, FIRST_FLOW + index, { url });
}

async function setStatuses(urls: readonly string[]): Promise<readonly string[]> {
  const documents = urls.map((_, index) =>
    newSms({ accountID: index, flowId: FIRST_FLOW + index, deliveryStatus: 'DELIVERED' }),
  );
  await e2e().sms.insertMany(documents);
  return documents.map(({ _id }) => _id);
}

/** How each of them ended, in their order. */
async function endsOf(ids: readonly string[]): Promise<readonly string[]> {
  const ended = {
    _id: { $in: [...ids] },
    'notify_on_delivery.state': { $in: ['delivered', 'failed'] },
  };
  await until('all have ended', async () => (await e2e().sms.countDocuments(ended)) === ids.length);
  const documents = await e2e()
    .sms.find({ _id: { $in: [...ids] } })
    .toArray();
  const ends = new Map(
    documents.map(({ _id, notify_on_delivery }) => {
      const { state, reason } = notify_on_delivery as { state: string; reason?: string };
      return [_id, reason ?? state];
    }),
  );
  return ids.map((id) => ends.get(id) ?? '');
}

async function onIsland(
  plan: Readonly<{ names: IslandPlan['names']; settings: Readonly<Record<string, string>> }>,
  task: (island: Island) => Promise<void>,
): Promise<void> {
  const { settings, servers } = e2e();
  const outside = [servers.mongodbUri, servers.mysqlUri].map((uri) =>
    Number(/:(\d+)\//.exec(uri)?.[1]),
  );
  const island = await startIsland(
    {
      addresses,
      names: plan.names,
      ports: [80, 8080, 22, 6379, 27017],
      settings: { ...settings, ...plan.settings },
    },
    outside,
  );
  try {
    await task(island);
  } finally {
    await island.close();
  }
}

describe('which servers are called', () => {
  it('are the public and the allowed ones, whatever a URL or a name server says', async () => {
    const rebinding = ['http://rebinding.example/fails-at-first', 'http://turning.example/'];
    const urls = [...reaching, ...refused, ...unusable, ...rebinding];
    await addAccounts(urls);
    const settings = {
      EGRESS_ALLOW_CIDRS: '10.77.0.0/16',
      QUICK_RETRIES: '50ms',
      RETRY_SCHEDULE: '',
    };
    await onIsland({ names, settings }, async (island) => {
      const ends = await endsOf(await setStatuses(urls));
      expect(Object.fromEntries(urls.map((url, index) => [url, ends[index]]))).toEqual(
        Object.fromEntries([
          ...reaching.map((url) => [url, 'delivered']),
          ...[...refused, ...rebinding].map((url) => [url, 'blocked_address']),
          ...unusable.map((url) => [url, 'invalid_webhook']),
        ]),
      );
      const { connections } = await island.end();
      const called = new Set(connections.map((connection) => connection.split(' ')[0]));
      expect(called).toEqual(new Set([PUBLIC, PUBLIC_V6, '64:ff9b::5db8:d822', OWN_NETWORK]));
      // Each that reaches once, and the first attempt at the name that was bound anew.
      expect(connections).toHaveLength(reaching.length + 1);
      console.log(
        `${reaching.length} called, ${refused.length} refused, ${unusable.length} unusable`,
      );
    });
  });

  it('are reached though name servers of others are silent', async () => {
    const dead = Array.from({ length: DEAD_NAMES }, (_, index) => `dead-${index}.example`);
    const urls = [...dead.map((name) => `http://${name}/`), 'http://public.example/'];
    await addAccounts(urls);
    const silent = Object.fromEntries(dead.map((name) => [name, null]));
    const settings = { QUICK_RETRIES: '', RETRY_SCHEDULE: '' };
    await onIsland({ names: { ...names, ...silent }, settings }, async (island) => {
      const ends = await endsOf(await setStatuses(urls));
      expect(ends).toEqual([...dead.map(() => 'attempts_exhausted'), 'delivered']);
      await island.end();
    });
  });
});
