import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { BSON } from 'mongodb';
import type { Random } from './random.ts';

interface PoisonMessage {
  readonly key: Buffer | null;
  readonly value: Buffer;
}

const ns = { db: 'central', coll: 'SMSDetailDocument' };
const status = { deliveryStatus: 'DELIVERED', deliveryTime: new Date() };
const keyOf = (id: string): Buffer => Buffer.from(JSON.stringify({ _id: id }).replace(':', ': '));
const bson = (event: object): Buffer => Buffer.from(BSON.serialize(event));

function anUpdate(id: string): object {
  const updateDescription = { updatedFields: status, removedFields: [], truncatedArrays: [] };
  return { operationType: 'update', ns, documentKey: { _id: id }, updateDescription };
}

/** Each counts as one that can't be read, in its own way. */
const kinds: readonly ((id: string, random: Random) => PoisonMessage)[] = [
  function noKey(id) {
    return { key: null, value: bson(anUpdate(id)) };
  },
  function foreignKey(id) {
    return { key: Buffer.from(`sms ${id}`), value: bson(anUpdate(id)) };
  },
  function cutOff(id, random) {
    const whole = bson(anUpdate(id));
    const value = Buffer.from(whole.subarray(0, random.between(20, whole.length - 10)));
    // Its length is that of a document, and what is in it is not.
    value.writeInt32LE(value.length);
    return { key: keyOf(id), value };
  },
  function noEvent(id) {
    return { key: keyOf(id), value: Buffer.from('\u0000\u0001Avro, say') };
  },
  function simplifiedJson(id) {
    const event = { ...anUpdate(id), wallTime: new Date().toISOString() };
    return { key: keyOf(id), value: Buffer.from(JSON.stringify(event)) };
  },
  function withoutOperation(id) {
    return { key: keyOf(id), value: bson({ ns, documentKey: { _id: id } }) };
  },
  function withoutDocumentKey(id) {
    return { key: keyOf(id), value: bson({ ...anUpdate(id), documentKey: {} }) };
  },
  function withoutUpdate(id) {
    const event = { operationType: 'update', ns, documentKey: { _id: id } };
    return { key: keyOf(id), value: bson(event) };
  },
  function documentOnly(id) {
    return { key: keyOf(id), value: bson({ _id: id, ...status, to: '1', from: 'b' }) };
  },
  function ofOtherCollection(id) {
    const value = bson({ ...anUpdate(id), ns: { ...ns, coll: 'Others' } });
    return { key: keyOf(id), value };
  },
];

/** As many of each kind. */
export function poisonMessages(count: number, random: Random): readonly PoisonMessage[] {
  return Array.from({ length: Math.floor(count / kinds.length) }, () =>
    kinds.map((make) => make(randomUUID(), random)),
  ).flat();
}
