import { describe, expect, it } from '@jest/globals';
import { Decimal128, Double, Long, ObjectId, UUID, type Collection, type Document } from 'mongodb';
import type { PlainDocument, PlainValue } from '../../../src/domain/plainValue.ts';
import { recordUpdate } from '../../../src/mongo/recordUpdate.ts';
import type { StreamRead } from '../../../src/pipeline/ports.ts';
import { aRecord } from '../../support/builders.ts';
import { changesOf, openAtEnd, readsSoFar } from '../../support/mongoStream.ts';
import { useServers } from '../../support/servers.ts';

type Sms = Collection<Document & { _id: unknown }>;

const servers = useServers(import.meta.url);
let collections = 0;

function newCollection(): Sms {
  collections += 1;
  return servers().db.collection(`sms_${collections}`);
}

/** One write to the SMS `a`, and what it makes of the stream. */
interface Shape {
  readonly write: string;
  readonly before?: Document;
  readonly run: (sms: Sms) => Promise<unknown>;
  readonly reads: readonly ExpectedRead[];
}

type ExpectedRead =
  | 'ignored'
  | { readonly set: PlainDocument }
  | { readonly inserted: PlainDocument }
  | { readonly replaced: PlainDocument };

const at = new Date('2023-10-19T06:29:12.408Z');
const a = { _id: 'a' };
const sent = { deliveryStatus: 'SENT', to: '1', cost: { amount: 1 }, parts: [{ n: 1 }, { n: 2 }] };

const shapes: readonly Shape[] = [];

describe('one write to an SMS', () => {
  it.each(shapes)('$write', async ({ before, run, reads }) => {
    const sms = newCollection();
    if (before !== undefined) await sms.insertOne({ ...a, ...before });
    await using stream = await openAtEnd(sms);
    await run(sms);
    expect((await readsSoFar(stream.handle, sms)).map(seen)).toEqual(reads.map(expected));
  });
});
