import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

// Whoever reads the log ends, and the next line was an uncaught EPIPE, notified as a bug: exit code 70.
it.each(['stdout', 'stderr'] as const)(
  'goes on working when nobody reads its %s any more, and stops cleanly',
  async (closed) => {
    const { settings, central, receiver, sms } = e2e();
    await central.optIn(28, 200, { url: receiver.url(`/${closed}`) });
    const child = spawn('npm', ['start', '--silent'], {
      env: { ...process.env, ...settings, HTTP_PORT: 'off', LOG_LEVEL: 'debug' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    child[closed].destroy();
    for (const status of ['SENT', 'DELIVERED']) {
      const _id = `${closed}-${status}`;
      await until('a status is notified', async () => {
        await sms.updateOne(
          { _id: `${_id}-${Date.now()}` },
          { $set: { accountID: 28, flowId: 200, phononUuid: 'a', deliveryStatus: status } },
          { upsert: true },
        );
        const notified = receiver
          .requests(`/${closed}`)
          .map(({ headers }) => headers['webhook-id']);
        return notified.some((id) => String(id).endsWith(`:${status}`));
      });
    }
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  },
  60_000,
);
