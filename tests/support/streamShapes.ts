import { expect } from '@jest/globals';
import type { Collection, Document } from 'mongodb';
import type { PlainDocument } from '../../src/domain/plainValue.ts';
import type { StreamEvent } from '../../src/ports/source.ts';
import { openAtEnd, readsSoFar } from './mongoStream.ts';

/** What one write to the SMS `a` makes of the stream: at most one read that is not empty. */
export interface Shape {
  readonly write: string;
  /** The SMS before it; absent when there is none. */
  readonly before?: Document;
  readonly run: (sms: Collection) => Promise<unknown>;
  readonly read:
    | 'nothing'
    | 'ignored'
    | Readonly<{
        operation: 'update' | 'insert' | 'replace';
        setFields?: PlainDocument;
        document?: PlainDocument;
        /** If not as in the fields. */
        deliveryStatus?: undefined;
      }>;
}

/** Names that SMS. */
export const a = { _id: 'a' as never };
/** It with a first status. */
export const sent = {
  deliveryStatus: 'SENT',
  to: '1',
  cost: { amount: 1 },
  parts: [{ n: 1 }, { n: 2 }],
};
export const delivered = { deliveryStatus: 'DELIVERED' };

/** Does the write in a collection of its own, and looks at all that is read of it. */
export async function expectShape(sms: Collection, shape: Shape): Promise<void> {
  if (shape.before !== undefined) await sms.insertOne({ ...a, ...shape.before });
  await using stream = await openAtEnd(sms);
  await shape.run(sms);
  const reads = await readsSoFar(stream.handle, sms);
  expect(reads.map(shapeOf)).toStrictEqual(expected(shape.read));
}

/** Everything a change says; what an update says of a document, and the other way round, must be empty. */
function shapeOf(read: StreamEvent): unknown {
  if (read.kind !== 'change') return read.kind;
  const { operation, setFields, document, deliveryStatus, id } = read.change;
  return { operation, setFields, document, deliveryStatus, id };
}

function expected(read: Shape['read']): readonly unknown[] {
  if (read === 'nothing') return [];
  if (read === 'ignored') return [read];
  const { operation, setFields = {}, document = null } = read;
  const { deliveryStatus } = document ?? setFields;
  return [{ operation, setFields, document, deliveryStatus, id: 'a' }];
}
