import { afterAll, describe, expect, it } from '@jest/globals';
import { beginAsking, type Asking } from '../support/console/asking.ts';
import { useConsole, type ConsoleWorld } from '../support/console/consoleWorld.ts';
import { customers } from '../support/console/stories.ts';
import { until } from '../support/until.ts';

const world = useConsole(import.meta.url);

interface Question {
  readonly asked: string;
  answer(asking: Asking, world: ConsoleWorld): Promise<void>;
}

/** Of the page for finding an SMS. */
const SMS_FIELD = 'Id or phone number';
const account = (name: keyof typeof customers): string => String(customers[name].accountId);

/** What customers ask Support, and what Support does about it. Each begins at the overview. */
const questions: readonly Question[] = [
  {
    asked: 'Why did my server not get the DELIVERED of this SMS?',
    async answer({ click, field, reads }, { sms }) {
      await click('Find an SMS');
      await field(SMS_FIELD, sms.exhausted);
      await reads(/500/);
      await reads(/attempts/i);
    },
  },
  {
    asked: 'Why did I get nothing at all for this one?',
    async answer({ click, field, reads }, { sms }) {
      await click('Find an SMS');
      await field(SMS_FIELD, sms.flowDisabled);
      await reads(/flow 420/i);
    },
  },
  {
    asked: 'What did my server answer?',
    async answer({ click, field, reads }, { sms }) {
      await click('Find an SMS');
      await field(SMS_FIELD, sms.exhausted);
      await click('Reveal the response');
      await reads(/no database/);
    },
  },
  {
    asked: 'Which request do you send me?',
    async answer({ click, field, reads }, { sms }) {
      await click('Find an SMS');
      await field(SMS_FIELD, sms.delivered);
      await reads(/webhook-id/);
      await click('Reveal the body');
      await reads(/"smsDetails"/);
    },
  },
  {
    asked: 'I have lost this one, please send it again',
    async answer({ click, field }, { sms, receiver }) {
      const before = receiver.requests('/hooks/28').length;
      await click('Find an SMS');
      await field(SMS_FIELD, sms.delivered);
      await click(/send again/i);
      await expectMore(before, () => receiver.requests('/hooks/28').length);
    },
  },
  {
    asked: 'Is your system down?',
    async answer({ reads }) {
      await reads(/works/i);
    },
  },
  {
    asked: 'Which of my SMS wait?',
    async answer({ click, field, reads }) {
      await click('Accounts');
      await field('Account', account('down'));
      await reads(/waiting/);
    },
  },
  {
    asked: 'Is my endpoint disabled? Switch it on again',
    async answer({ click, reads }) {
      await click('Endpoints');
      await reads(/disabled/i);
      await click(/^enable/i);
      await reads(/enabled/i);
    },
  },
  {
    asked: 'My server was down for an hour, send again what failed',
    async answer({ click, field, reads }, { receiver }) {
      await click('Accounts');
      await field('Account', account('backlog'));
      await click(/resend what failed/i);
      await click(/^resend \d+/i);
      await reads(/running|finished/);
      await until('the first call', () => receiver.requests('/hooks/49').length > 0);
    },
  },
  {
    asked: 'Make the other webhook my default one',
    async answer({ click, field, reads }) {
      await click('Accounts');
      await field('Account', account('crm'));
      await click('Make spare the default');
      await reads(/default is now .*spare/);
    },
  },
  {
    asked: 'Give me a new secret',
    async answer({ click, field, reads }) {
      await click('Accounts');
      await field('Account', account('crm'));
      await click(/crm$/, '#webhooks');
      await click('Rotate the secret');
      await reads(/whsec_/);
    },
  },
  {
    asked: 'Switch it on for my flow',
    async answer({ click, field, reads }) {
      await click('Accounts');
      await field('Account', account('flowOff'));
      await click('Switch flow 420 on');
      await reads(/flow 420 are notified/);
    },
  },
  {
    asked: 'Does my webhook work? Call it once',
    async answer({ click, field, reads }, { receiver }) {
      const before = receiver.requests('/hooks/48').length;
      await click('Accounts');
      await field('Account', account('wordy'));
      await click('Make a test call');
      await reads(/all is well/);
      expect(receiver.requests('/hooks/48').length).toBe(before + 1);
    },
  },
];

async function expectMore(before: number, count: () => number): Promise<void> {
  await until('one more call', () => count() > before);
}

describe("Support's questions", () => {
  const efforts: string[] = [];

  it.each(questions)('$asked', async ({ asked, answer }) => {
    const asking = await beginAsking(world());
    await answer(asking, world());
    const { clicks, fields } = asking.effort();
    efforts.push(`${clicks} clicks, ${fields} fields  ${asked}`);
    expect(fields).toBeLessThanOrEqual(1);
    expect(clicks).toBeLessThanOrEqual(3);
    await asking.page.context().close();
  });

  afterAll(() => console.log(efforts.join('\n')));
});
