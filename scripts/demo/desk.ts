import { setTimeout as wait } from 'node:timers/promises';
import type { Answer } from '../../tests/support/answer.ts';
import { newSms, setStatus } from '../harness/smsPlatform.ts';
import { shellText } from './layout.ts';
import { SAMPLE_ACCOUNT, SAMPLE_FLOW, SAMPLE_PATH } from './scenes/theSample.ts';
import type { Stage } from './stage.ts';

export interface Desk {
  readonly url: string;
  /** Whether a request came to the desk, and not to a webhook. */
  isOwn(path: string): boolean;
}

/** Where a person may move the webhook to. */
export const OTHER_PATH = '/elsewhere';

const FOLDER = '/demo';
const RECORD_PATIENCE_MS = 10_000;

/** URLs on the receiver by which a person plays the platform's part and the customer's. */
export function openDesk({ receiver, sms }: Stage): Desk {
  const answerAs = (answer: Answer): void => {
    for (const path of [SAMPLE_PATH, OTHER_PATH]) receiver.answer(path, answer);
  };
  receiver.answer(`${FOLDER}/break`, () => {
    answerAs({ status: 503, body: 'out of order' });
    return { body: 'The webhook answers 503 from now on.\n' };
  });
  receiver.answer(`${FOLDER}/mend`, () => {
    answerAs({ body: '{"received":true}' });
    return { body: 'The webhook answers 200 from now on.\n' };
  });
  receiver.answer(`${FOLDER}/sms`, async ({ path }) => {
    const status = new URL(path, receiver.url()).searchParams.get('status') || 'DELIVERED';
    const document = newSms({ accountID: SAMPLE_ACCOUNT, flowId: SAMPLE_FLOW });
    await sms.insertOne(document);
    await setStatus(sms, document._id, status);
    const deadline = Date.now() + RECORD_PATIENCE_MS;
    let record: unknown;
    while (record === undefined && Date.now() < deadline) {
      await wait(50);
      record = (await sms.findOne({ _id: document._id }))?.['notify_on_delivery'];
    }
    return { body: `SMS ${document._id}\nnotify_on_delivery: ${shellText(record, 72)}\n` };
  });
  return { url: receiver.url(FOLDER), isOwn: (path) => path.startsWith(`${FOLDER}/`) };
}
