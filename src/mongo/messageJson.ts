import { Buffer, isUtf8 } from 'node:buffer';
import type { UnreadableReason } from '../ports/topic.ts';
import { isJsonObject, parseJson, type JsonObject } from './extendedJson.ts';

/**
 * The JSON object in a message's value or key. What Connect's `JsonConverter` puts around a text or a structure is taken
 * off: the quotes of a text in JSON, and `{"schema": …, "payload": …}`. Null where there is no value.
 */
export function readJson(bytes: Uint8Array): JsonObject | UnreadableReason | null {
  if (!isUtf8(bytes)) return 'not_decodable';
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  try {
    let json = parseJson(text);
    if (isJsonObject(json) && Object.hasOwn(json, 'schema') && Object.hasOwn(json, 'payload')) {
      json = json['payload'];
    }
    // Any other text is base64, as of BSON.
    if (typeof json === 'string' && json.startsWith('{')) json = parseJson(json);
    if (json === null) return null;
    return isJsonObject(json) ? json : 'unknown_format';
  } catch {
    return 'not_decodable';
  }
}
