import { ownField } from './fields.ts';
import { parseIntegerId, type IntegerId } from './integerId.ts';
import type { PlainDocument } from './plainValue.ts';

/** What the worker itself needs of an SMS document, beside `_id` and the delivery status. */
export type SmsDetail =
  | Readonly<{ kind: 'usable'; accountId: IntegerId; flowId: IntegerId; phononUuid: string }>
  | Readonly<{
      kind: 'unusable';
      /** Names the field and what it must be, never what it holds: it goes into logs. */
      problem: string;
    }>;

export function parseSmsDetail(document: PlainDocument): SmsDetail {
  const accountId = parseIntegerId(ownField(document, 'accountID'));
  if (accountId === null) return unusableInteger('accountID');
  const flowId = parseIntegerId(ownField(document, 'flowId'));
  if (flowId === null) return unusableInteger('flowId');
  const phononUuid = ownField(document, 'phononUuid');
  if (typeof phononUuid !== 'string' || phononUuid === '') {
    return { kind: 'unusable', problem: 'phononUuid must be a non-empty string or a UUID' };
  }
  return { kind: 'usable', accountId, flowId, phononUuid };
}

function unusableInteger(field: string): SmsDetail {
  return {
    kind: 'unusable',
    problem: `${field} must be an integral number or decimal digits, within BIGINT`,
  };
}
