import { describe, expect, it } from '@jest/globals';
import { Binary, Decimal128, Double, Long, ObjectId, UUID } from 'mongodb';
import type { Collection, Document } from 'mongodb';
import type { Change } from '../../../src/domain/change.ts';
import { identify, savedSms } from '../../../src/domain/identify.ts';
import { overlayChange } from '../../../src/domain/payload.ts';
import { toPlainDocument } from '../../../src/mongo/plainDocument.ts';
import { streamPipeline } from '../../../src/mongo/streamEvent.ts';
import type { TopicMessage } from '../../../src/ports/topic.ts';
import { openAtEnd } from '../../support/mongoStream.ts';
import { useServers } from '../../support/servers.ts';
import {
  debeziumMessage,
  decodeMessages,
  messageOf,
  values,
} from '../../support/connectorEvents.ts';

const servers = useServers(import.meta.url);
let collections = 0;

function newCollection(): Collection {
  collections += 1;
  return servers().db.collection(`sms_${collections}`);
}

/** What a connector is told to send. */
const connectorPipeline: readonly Document[] = [
  ...streamPipeline().slice(0, 1),
  {
    $project: {
      ...{ operationType: 1, clusterTime: 1, wallTime: 1, ns: 1, documentKey: 1 },
      'updateDescription.updatedFields': 1,
      'fullDocument.deliveryStatus': 1,
      'fullDocument.deliveryTime': 1,
    },
  },
];

interface Seen {
  readonly streamed: readonly Change[];
  /** What a connector would have sent. */
  readonly events: readonly Document[];
}

const end = { _id: 'the end' as unknown as ObjectId };

/** What the change stream and a connector's stream show of some writes. */
async function see(sms: Collection, write: (sms: Collection) => Promise<unknown>): Promise<Seen> {
  await using stream = await openAtEnd(sms);
  const typed = { promoteValues: false, bsonRegExp: true, maxAwaitTimeMS: 50 } as const;
  const connector = sms.watch<Document, never>([...connectorPipeline], typed);
  try {
    await connector.tryNext();
    await write(sms);
    await sms.insertOne({ ...end, deliveryStatus: 'END' });
    const streamed: Change[] = [];
    for (;;) {
      const read = await stream.handle.read();
      if (read.kind !== 'change') continue;
      if (read.change.id === 'the end') break;
      streamed.push(read.change);
    }
    const events: Document[] = [];
    for (;;) {
      const event: Document | null = await connector.tryNext();
      if (event === null) continue;
      const { documentKey } = event as { readonly documentKey: Document };
      if (documentKey['_id'] === 'the end') return { streamed, events };
      events.push(event);
    }
  } finally {
    await connector.close();
  }
}

const deliveryTime = new Date('2023-10-19T06:29:12.408Z');
const status = { deliveryStatus: 'DELIVERED', deliveryTime };

const ids: readonly (readonly [string, unknown])[] = [
  ['a text', 'sms "1" फोन 😀'],
  ['an ObjectId', new ObjectId('507f1f77bcf86cd799439011')],
  ['an int', 28],
  ['a long', Long.fromNumber(28)],
  ['a long number', Long.fromString('9007199254740993')],
  ['a double', new Double(28.5)],
  ['a UUID', new UUID('bd706f90-aa14-47ea-9844-3d1e1123f4ee')],
  ['a UUID of subtype 3', new Binary(new UUID('bd706f90-aa14-47ea-9844-3d1e1123f4ee').buffer, 3)],
  ['a document', { account: 28, n: Long.fromNumber(7) }],
];

/** All that is done with a change goes by these. */
function essence(change: Change): unknown {
  const { operation, documentKey, id, deliveryStatus, statusAt } = change;
  const unnamed = { ...change, documentKey: { opaque: null } };
  return {
    ...{ operation, id, deliveryStatus, statusAt },
    key: toPlainDocument(documentKey.opaque as Document),
    identity: identify(unnamed, new Set()),
    saved: savedSms(unnamed),
  };
}

/** Does not show documents that an update has set. */
const debezium = "Debezium's envelope";

const formats: Readonly<Record<string, (event: Document) => TopicMessage>> = {
  ...Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      (event: Document) => messageOf(event, value),
    ]),
  ),
  [debezium]: (event) => debeziumMessage(event),
};

describe('a message in any format', () => {
  it.each(ids)('says of an SMS with %s what the change stream says', async (_type, id) => {
    const sms = newCollection();
    const name = { _id: id as ObjectId };
    const { streamed, events } = await see(sms, async () => {
      await sms.insertOne({ ...name, deliveryStatus: 'SENT', text: 'hello' });
      await sms.updateOne(name, { $set: { ...status, 'cost.amount': 0.5, n: Long.MAX_VALUE } });
      await sms.replaceOne(name, { ...status, price: Decimal128.fromString('1.50') });
      await sms.replaceOne(name, { text: 'hello' });
      await sms.updateOne(name, { $set: { deliveryStatus: new ObjectId() } });
      await sms.updateOne(name, { $set: { deliveryStatus: null } });
      await sms.updateOne(name, { $set: { text: 'nothing new' } });
      await sms.deleteOne(name);
      await sms.insertOne({ ...name, deliveryStatus: null });
    });
    expect(streamed).toHaveLength(6);
    const decode = decodeMessages({ database: sms.dbName, collection: sms.collectionName });
    for (const [format, toMessage] of Object.entries(formats)) {
      const contents = events.map((event) => decode(toMessage(event)));
      const changes = contents.flatMap((content) =>
        content.kind === 'change' ? [content.change] : [],
      );
      expect(new Set(contents.map(({ kind }) => kind))).toEqual(new Set(['change', 'ignored']));
      expect(changes.map(essence)).toEqual(streamed.map(essence));
      for (const [index, change] of changes.entries()) {
        const { document, setFields } = streamed[index] ?? change;
        expect(change.document).toBeNull();
        // What is sent is the same, once the document is there.
        const sent = document === null ? change.setFields : overlayChange(document, change);
        const { cost: _document, ...others } = setFields;
        expect(sent).toEqual(document ?? (format === debezium ? others : setFields));
      }
    }
  });
});
