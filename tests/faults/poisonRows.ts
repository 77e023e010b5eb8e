import { randomUUID } from 'node:crypto';
import { Binary, type Collection, type Document } from 'mongodb';
import { undecodable } from '../support/oddBson.ts';

interface Row extends Document {
  readonly _id: string;
}

export type Rows = Collection<Row>;

/** What stands in place of a row's own fields; null for one that is missing. */
const unreadable: readonly Document[] = [
  { body: new Binary(Buffer.from('no gzip')) },
  { body: 'text' },
  { body: null },
  { body: undecodable.regex() },
  { documentKey: null },
  { acceptedAt: 'yesterday' },
  { statusAt: null },
  { deliveryStatus: 5 },
  { accountId: { odd: 1 } },
  { flowId: undecodable.binary() },
  { log: undecodable.regex() },
  { log: { begun: 1, last: {} } },
  { undecided: 'odd' },
];

const longAgo = new Date('2020-01-01T00:00:00Z');

function another(row: Row, fields: Document): Row {
  const sms = randomUUID();
  const named = { ...row, _id: `${sms}:DELIVERED`, sms, documentKey: { _id: sms } };
  const own = { nextAttemptAt: longAgo, ...fields };
  const missing = new Set(Object.keys(own).filter((name) => own[name as never] === null));
  return Object.fromEntries(
    Object.entries({ ...named, ...own }).filter(([name]) => !missing.has(name)),
  ) as Row;
}

export interface Planted {
  /** Due before all others of their endpoint, by half of them long since expired. */
  readonly unreadable: readonly string[];
  /** They can be read, and end by being too old. */
  readonly expired: readonly string[];
}

/** Puts rows down beside this one, which lead where it does. */
export async function plantRows(retries: Rows, row: Row): Promise<Planted> {
  const odd = unreadable.flatMap((fields) => [
    another(row, fields),
    another(row, { acceptedAt: longAgo, ...fields }),
  ]);
  const expired = Array.from({ length: 5 }, () => another(row, { acceptedAt: longAgo }));
  await retries.insertMany([...odd, ...expired]);
  return { unreadable: odd.map(({ _id }) => _id), expired: expired.map(({ _id }) => _id) };
}
