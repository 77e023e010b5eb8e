import { BSON } from 'mongodb';

/** Tells ids apart by type too: an ObjectId from its own hex digits. */
export function exactText(id: unknown): string {
  return BSON.EJSON.stringify(id, { relaxed: false });
}
