import type { Connection } from 'mysql2/promise';
import type { Narrator } from './narrator.ts';

type Step = 'account' | 'webhook' | 'flow';

/** One account of the central database, as its support and web interfaces would set it up. */
export interface AccountSetUp {
  readonly accountId: number;
  readonly flowId: number;
  readonly url: string;
  readonly notifyOnDelivery?: string;
  readonly isDefault?: boolean;
  readonly webhookEnabled?: boolean;
  readonly secret?: string;
}

/** Takes the three steps, and shows those that are named. */
export async function setUp(
  account: AccountSetUp,
  shown: readonly Step[],
  { connection, narrator }: { readonly connection: Connection; readonly narrator: Narrator },
): Promise<void> {
  for (const [step, template, values] of statements(account)) {
    const sql = connection.format(template, values);
    if (shown.includes(step)) narrator.statement('mysql', `${sql};`);
    await connection.query(sql);
  }
}

function statements(account: AccountSetUp): readonly (readonly [Step, string, unknown[]])[] {
  const { accountId, flowId, url, secret } = account;
  const { notifyOnDelivery = 'true', isDefault = true, webhookEnabled = true } = account;
  return [
    [
      'account',
      'INSERT INTO Accountconfig (accountID, `account.sms.notifyOnDelivery`)\nVALUES (?, ?)',
      [accountId, notifyOnDelivery],
    ],
    secret === undefined
      ? [
          'webhook',
          "INSERT INTO Webhook (accountID, name, isDefault, url)\nVALUES (?, 'crm', ?, ?)",
          [accountId, Number(isDefault), url],
        ]
      : [
          'webhook',
          "INSERT INTO Webhook (accountID, name, isDefault, url, secret)\nVALUES (?, 'crm', ?, ?,\n        ?)",
          [accountId, Number(isDefault), url, secret],
        ],
    [
      'flow',
      "INSERT INTO Flow (flowID, accountID, name, webhookEnabled)\nVALUES (?, ?, 'welcome', ?)",
      [flowId, accountId, Number(webhookEnabled)],
    ],
  ];
}
