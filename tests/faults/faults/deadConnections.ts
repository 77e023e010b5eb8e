import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { play } from '../play.ts';
import { shortLease } from '../stage.ts';

const state = (name: string): string => `notify_on_delivery_${name}`;

/** What the connection carries that dies, by what it is for. */
const calls: Readonly<Record<string, readonly string[]>> = {
  'lease renewal': ['update', state('leases')],
  'look-up': ['aggregate', 'unionWith', 'SMSDetailDocument'],
  'look-up in durable state': ['aggregate', state('retries'), 'unionWith'],
  'ledger row': ['insert', state('sent')],
  record: ['update', 'SMSDetailDocument', 'notificationId'],
  checkpoint: ['update', state('checkpoints'), 'clusterTime'],
  'question what is due': ['aggregate', state('retries'), 'nextAttemptAt'],
  'search for gaps': ['find', state('gaps')],
  'disabled endpoints': ['find', state('endpoints')],
  ping: ['hello', 'lsid'],
  'read of the stream': ['getMore', 'SMSDetailDocument'],
};
const patience = { timeoutMs: 60_000 } as const;

export const deadConnections: Fault = {
  name: 'dead-connections',
  description:
    'one connection to MongoDB goes silent, at every kind of call, while the others work',
  async run(context) {
    const { isLong, log, random } = context;
    const options = { name: this.name, proxied: true, settings: shortLease };
    const rounds = isLong ? 3 : 1;
    return await play(context, options, async ({ proxies, work }) => {
      if (proxies === null) throw new Error('the stage has no proxies');
      for (let round = 0; round < rounds; round += 1) {
        for (const [what, texts] of Object.entries(calls)) {
          let isStruck = false;
          void proxies.mongo.blackholeNext(texts).then(() => (isStruck = true));
          await until(`a connection dies at a ${what}`, () => isStruck, patience);
          log(`dead at a ${what}`);
          await work(isLong ? random.between(500, 12_000) : 300, isLong ? 12_000 : 600);
        }
      }
    });
  },
};
