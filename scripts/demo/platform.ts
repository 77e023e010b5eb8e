import type { Connection, RowDataPacket } from 'mysql2/promise';
import { setStatus, type SmsDocument } from '../harness/smsPlatform.ts';
import { hang, shellText, type Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';

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

export type Platform = ReturnType<typeof createPlatform>;

/** What the SMS platform does to its documents and its central database, shown while it is done. */
export function createPlatform({ sms, central }: Stage, narrator: Narrator) {
  const show = (call: string, ...args: readonly string[]): void => {
    const isBlock = args.length === 1 && args[0]?.includes('\n') === true;
    const lines = args.map((text) => (isBlock ? text : `\n${hang('  ', text)}`));
    narrator.statement('mongo', `db.SMSDetailDocument.${call}(${lines.join(',')})`);
  };
  return {
    /** Takes the three steps, and shows those that are named. */
    async setUp(account: AccountSetUp, ...shown: readonly Step[]): Promise<void> {
      for (const [step, template, values] of statementsFor(account)) {
        const sql = central.connection.format(template, values);
        if (shown.includes(step)) narrator.statement('mysql', `${sql};`);
        await central.connection.query(sql);
      }
    },
    /** `fields` are those to show. */
    async insert(document: SmsDocument, ...fields: readonly string[]): Promise<void> {
      show('insertOne', abridged(document, fields));
      await sms.insertOne(document);
    },
    async setStatus(id: string, deliveryStatus: string, deliveryTime?: Date): Promise<void> {
      const isNow = deliveryTime === undefined;
      const time = isNow ? 'new Date()' : shellText([deliveryTime]).slice(2, -2);
      const fields = `deliveryStatus: '${deliveryStatus}',${isNow ? ' ' : '\n          '}deliveryTime: ${time}`;
      show('updateOne', `{ _id: '${id}' }`, `{ $set: { ${fields} } }`);
      await setStatus(sms, id, deliveryStatus, deliveryTime);
    },
    /** Spring Data's `save()`: the whole document as the service has it in memory. */
    async save(document: SmsDocument, ...fields: readonly string[]): Promise<void> {
      const { _id, ...replacement } = document;
      show('replaceOne', `{ _id: '${_id}' }`, abridged(document, fields));
      await sms.replaceOne({ _id }, replacement);
    },
  };
}

export type Step = 'account' | 'webhook' | 'flow';

function statementsFor({
  accountId,
  flowId,
  url,
  notifyOnDelivery = 'true',
  isDefault = true,
  webhookEnabled = true,
  secret,
}: AccountSetUp): readonly (readonly [Step, string, unknown[]])[] {
  const [column, mark] = secret === undefined ? ['', ''] : [', secret', ',\n        ?'];
  return [
    [
      'account',
      'INSERT INTO Accountconfig (accountID, `account.sms.notifyOnDelivery`)\nVALUES (?, ?)',
      [accountId, notifyOnDelivery],
    ],
    [
      'webhook',
      `INSERT INTO Webhook (accountID, name, isDefault, url${column})\nVALUES (?, 'crm', ?, ?${mark})`,
      [accountId, Number(isDefault), url, secret],
    ],
    [
      'flow',
      "INSERT INTO Flow (flowID, accountID, name, webhookEnabled)\nVALUES (?, ?, 'welcome', ?)",
      [flowId, accountId, Number(webhookEnabled)],
    ],
  ];
}

/** A document with only the fields that matter here, the others as one ellipsis. */
function abridged(document: SmsDocument, fields: readonly string[]): string {
  const picked = Object.fromEntries(fields.map((field) => [field, document[field]]));
  return shellText(picked, 80).replace(
    /( |\n)\}$/,
    (_, end) => `,${end === ' ' ? ' ' : '\n  '}…${end}}`,
  );
}

const webhookOfFlow = `
SELECT Webhook.url FROM Flow JOIN Webhook ON Webhook.accountID = Flow.accountID AND Webhook.isDefault = 1
WHERE Flow.flowID = ? AND Flow.accountID = ? AND Flow.webhookEnabled = 1`;

/**
 * The platform's own call to the default webhook, on flow completion, long before the carrier reports: the first of the
 * two. What its body looks like is the platform's business; this one is made up. Does nothing where the flow has no webhook.
 */
export async function callOnFlowComplete(
  { phononUuid, accountID, flowId }: SmsDocument,
  connection: Connection,
): Promise<void> {
  const [[row]] = await connection.query<RowDataPacket[]>(webhookOfFlow, [flowId, accountID]);
  if (row === undefined) return;
  await fetch(String(row['url']), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'sms-platform' },
    body: JSON.stringify({ 'phonon-uuid': phononUuid, accountID, flowId, flowStatus: 'COMPLETED' }),
    signal: AbortSignal.timeout(5_000),
  });
}
