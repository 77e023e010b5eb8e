import { describe, expect, it } from '@jest/globals';
import { describeError as shown } from '../../../src/observability/textLine.ts';

const describeError = (error: Error): ReturnType<typeof shown> => shown(error, { withStack: true });

/** An error whose causes are `depth` further ones. */
function nested(depth: number): Error {
  const cause = depth === 0 ? undefined : nested(depth - 1);
  return new Error(`level ${depth}`, { cause });
}

/** The messages of a description and its causes. */
function messages(description: ReturnType<typeof describeError> | undefined): string[] {
  return description === undefined ? [] : [description.message, ...messages(description.cause)];
}

describe('describeError', () => {
  it('tells name, code, message and stack', () => {
    const error = Object.assign(new TypeError('it broke'), { code: 'EBROKEN' });
    expect(describeError(error)).toStrictEqual({
      name: 'TypeError',
      code: 'EBROKEN',
      message: 'it broke',
      stack: error.stack,
    });
  });

  it.each([
    ['a number', 11_000, { code: 11_000 }],
    ['a text', 'ENOTFOUND', { code: 'ENOTFOUND' }],
    ['neither', { nested: true }, {}],
  ])('takes a code that is %s', (_what, code, expected) => {
    const error = Object.assign(new Error('x'), { code });
    const { code: described } = describeError(error);
    expect(described === undefined ? {} : { code: described }).toEqual(expected);
  });

  it('does without a stack', () => {
    const error = new Error('x');
    delete error.stack;
    expect(describeError(error)).toStrictEqual({ name: 'Error', message: 'x' });
  });

  it('tells the causes, each with its own name and code', () => {
    const root = Object.assign(new RangeError('root'), { code: 'EROOT' });
    const error = new Error('top', { cause: root });
    expect(describeError(error).cause).toMatchObject({ name: 'RangeError', code: 'EROOT' });
    expect(messages(describeError(nested(2)))).toEqual(['level 2', 'level 1', 'level 0']);
  });

  it('tells five causes and no more, also of an error that causes itself', () => {
    expect(messages(describeError(nested(9)))).toHaveLength(6);
    const error = new Error('round');
    error.cause = error;
    expect(messages(describeError(error))).toHaveLength(6);
  });

  it('leaves out a cause that is no error', () => {
    expect(describeError(new Error('x', { cause: { document: 'y' } })).cause).toBeUndefined();
  });

  it('tells the errors of an aggregate, which says nothing itself', () => {
    const error = new AggregateError([new Error('closing the stream failed')], 'not all closed');
    expect(JSON.stringify(describeError(error))).toContain('closing the stream failed');
  });

  it("leaves out what drivers hang on their errors: the command, the document, the query's text", () => {
    const error = Object.assign(new Error('x'), {
      writeErrors: [{ op: { to: '919999999999' } }],
      sql: 'SELECT secret',
      input: 'mongodb://u:secret@h',
    });
    expect(JSON.stringify(describeError(error))).not.toMatch(/919999999999|secret/);
  });

  it.each([
    ['mongodb://worker:pass-word@db1,db2/central?x=1', 'mongodb://***@db1,db2/central?x=1'],
    ['mongodb+srv://worker:pass-word@db', 'mongodb+srv://***@db'],
    ['mysql://worker:pass-word@db:3306/central', 'mysql://***@db:3306/central'],
    ['MYSQL://pass-word@db', 'MYSQL://***@db'],
    ['mongodb://w:pass-word@a and mysql://w:pass-word@b', 'mongodb://***@a and mysql://***@b'],
    ['mongodb://worker:pass-word%40x@db', 'mongodb://***@db'],
    ["the URI 'mongodb://worker:pass-word@db'", "the URI 'mongodb://***@db'"],
  ])('removes user and password from %s', (text, expected) => {
    const error = new Error(text);
    const description = describeError(error);
    expect(description.message).toBe(expected);
    expect(description.stack).not.toContain('pass-word');
  });

  it.each([
    ['an @', 'mongodb://worker:p@ss-word@db/central'],
    ['a slash', 'mongodb://worker:p/ss-word@db/central'],
    ['a question mark', 'mysql://worker:p?ss-word@db/central'],
    ['a hash', 'mysql://worker:p#ss-word@db/central'],
  ])('removes a password that should have been encoded, with %s in it', (_what, uri) => {
    expect(describeError(new Error(`can't use ${uri}`)).message).not.toContain('ss-word');
  });

  it('removes credentials from the causes too', () => {
    const error = new Error('top', { cause: new Error('mongodb://worker:pass-word@db') });
    expect(JSON.stringify(describeError(error))).not.toContain('pass-word');
  });

  it.each(['https://customer.example/hook', 'write to ops@example.com', 'connect to db:27017'])(
    'leaves as it is: %s',
    (text) => {
      expect(describeError(new Error(text)).message).toBe(text);
    },
  );
});
