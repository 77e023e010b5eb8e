import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { unlimitedCalls } from '../../support/unlimitedCalls.ts';

const sources = readdirSync('src/mongo', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join('src/mongo', name));

/** The read of the change stream may lawfully take minutes; `source/streamReader.ts` watches it. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  'src/mongo/changeStream.ts': ['const event: RawEvent | null = await stream.tryNext();'],
};

describe('calls to MongoDB', () => {
  it.each(sources)('each have a limit of time in %s', (path) => {
    const found = unlimitedCalls(readFileSync(path, 'utf8'));
    const allowed = exceptions[path] ?? [];
    expect(found.filter((place) => !allowed.some((text) => place.endsWith(`: ${text}`)))).toEqual(
      [],
    );
    expect(found).toHaveLength(allowed.length);
  });

  it.each([
    ['bare', 'await sms.findOne({});'],
    ['at the end of a chain', 'const all = await sms.find({}).sort({ a: 1 }).toArray();'],
    ['handed on', 'retry(state.sent.insertMany);'],
    ['optional', 'await cursor?.close();'],
    ['in a limit', 'await withDeadline(patienceFor(await sms.findOne({})), () => never);'],
    ['beside a limited one', 'await withDeadline(limit, () => a.findOne({})) && b.findOne({});'],
    ['in a function of another name', 'await ask(() => sms.findOne({}));'],
    [
      'in a function that is not given but called',
      'await withDeadline(limit, (() => a.drop())());',
    ],
    ['of a cursor that is iterated over', 'for await (const each of sms.find({})) use(each);'],
  ])('are found without one: %s', (_, source) => {
    expect(unlimitedCalls(`// é\n${source}`)).toEqual([`2: ${source}`]);
  });

  it('are found where two share a limit', () => {
    const source = `withDeadline(limit, async () => {\n  await a.findOne({});\n  await b.findOne({});\n});`;
    expect(unlimitedCalls(source)).toEqual(['3: await b.findOne({});']);
  });

  it('are left alone where each has one', () => {
    const source = `both([withDeadline(one, () => a.findOne({})), withDeadline(two, async () => await b.find().toArray())]);`;
    expect(unlimitedCalls(source)).toEqual([]);
  });
});
