import { setField } from '../domain/plainValue.ts';
import type { UnreadableReason } from '../ports/topic.ts';
import { isJsonObject, jsonField, parseJson, toBson, type JsonObject } from './extendedJson.ts';
import { namespaceOf, type MessageEvent } from './messageEvent.ts';
import { writtenFields } from './writtenFields.ts';

/** As MongoDB names them. A document that a snapshot reads counts as inserted. */
const operations: ReadonlyMap<string, string> = new Map([
  ['c', 'insert'],
  ['r', 'insert'],
  ['u', 'update'],
  ['d', 'delete'],
]);

/** Whether JSON may be Debezium's envelope. */
export function isEnvelope(json: JsonObject): boolean {
  return typeof jsonField(json, 'op') === 'string' && isJsonObject(jsonField(json, 'source'));
}

/**
 * The event in Debezium's envelope. The documents in it are texts in Extended JSON: `after` in version 1, the rest in
 * relaxed version 2. @param key the message's key, which alone says which document it is
 */
export function readDebeziumEvent(
  envelope: JsonObject,
  key: () => JsonObject | null,
): MessageEvent | UnreadableReason {
  const op = String(jsonField(envelope, 'op'));
  const source = jsonField(envelope, 'source');
  if (!isJsonObject(source)) return 'unknown_format';
  const described = jsonField(envelope, 'updateDescription');
  // Before version 2 an update had a `patch` in place of its description, and nothing after.
  const isReplace = op === 'u' && !isJsonObject(described);
  const after = jsonField(envelope, 'after');
  return {
    operation: isReplace ? 'replace' : (operations.get(op) ?? op),
    namespace: namespaceOf(jsonField(source, 'db'), jsonField(source, 'collection')),
    renamedTo: null,
    times: [msDate(jsonField(source, 'wallTime')), msDate(jsonField(source, 'ts_ms'))],
    isNamedBy: 'key',
    documentKey() {
      const names = key();
      const id = names === null ? undefined : jsonField(names, 'id');
      return typeof id === 'string' ? debeziumKey(id) : null;
    },
    written() {
      if (op !== 'u' || isReplace) return writtenFields(parsed(after), 'carried');
      // No fields were set where there are none.
      if (!isJsonObject(described)) return undefined;
      const fields = parsed(jsonField(described, 'updatedFields') ?? '{}');
      return writtenFields(isJsonObject(fields) ? withoutDocuments(fields) : fields, 'all');
    },
  };
}

/**
 * Debezium prints the path `cost.amount` as a document `cost`, which can't be told from a whole one. So documents are
 * left out, and come from the collection; but a status that is one stays, since nobody can be notified of it.
 */
function withoutDocuments(fields: JsonObject): JsonObject {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const isDocument =
      isJsonObject(value) && !Object.keys(value).some((field) => field.startsWith('$'));
    if (!isDocument || name === 'deliveryStatus') setField(kept, name, value);
  }
  return kept;
}

/**
 * The document key as BSON; null for what is none.
 * @param id what follows after `{"_id": ` in it, but for the closing brace: shard keys may be there
 */
export function debeziumKey(id: string): Uint8Array | null {
  try {
    const key = parseJson(`{"_id": ${id}}`);
    return isJsonObject(key) ? toBson(key) : null;
  } catch {
    return null;
  }
}

/** Zero is no time: a snapshot may have none. */
function msDate(ms: unknown): Date {
  return new Date(typeof ms === 'number' && ms > 0 ? ms : Number.NaN);
}

function parsed(text: unknown): unknown {
  return typeof text === 'string' ? parseJson(text) : undefined;
}
