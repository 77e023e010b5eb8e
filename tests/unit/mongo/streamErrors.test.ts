import { describe, expect, it } from '@jest/globals';
import { MongoNetworkError, MongoServerError } from 'mongodb';
import { StreamFailure, type StreamFailureKind } from '../../../src/ports/source.ts';
import { toStreamFailure } from '../../../src/mongo/streamErrors.ts';

const serverError = (code: number): MongoServerError =>
  new MongoServerError({ message: 'the server said so', code });

describe('toStreamFailure', () => {
  it.each<[number, string, StreamFailureKind]>([
    [280, 'ChangeStreamFatalError', 'tokenUnusable'],
    [9, 'FailedToParse', 'tokenUnusable'],
    [260, 'InvalidResumeToken', 'tokenUnusable'],
    [136, 'CappedPositionLost', 'historyLost'],
    [286, 'ChangeStreamHistoryLost', 'historyLost'],
    [13, 'Unauthorized', 'denied'],
    [18, 'AuthenticationFailed', 'denied'],
    [40573, 'not a replica set', 'unsupported'],
    [166, 'CommandNotSupportedOnView', 'unsupported'],
    [91, 'ShutdownInProgress', 'transient'],
    [189, 'PrimarySteppedDown', 'transient'],
    [11602, 'InterruptedDueToReplStateChange', 'transient'],
    [43, 'CursorNotFound', 'transient'],
    [1, 'InternalError', 'transient'],
  ])('takes %i (%s) for %s', (code, _name, kind) => {
    const error = serverError(code);
    const failure = toStreamFailure(error);
    expect(failure).toBeInstanceOf(StreamFailure);
    expect(failure).toMatchObject({
      kind,
      code: String(code),
      cause: error,
      message: 'the change stream ended: the server said so',
    });
  });

  it.each<[string, unknown, string]>([
    ['trouble on the network', new MongoNetworkError('connection 1 closed'), 'MongoNetworkError'],
    ['an error of the platform', new TypeError('x'), 'TypeError'],
    ['something that is no error', 'text', 'unknown'],
    [
      'an error whose code is not the server’s',
      Object.assign(new Error('x'), { code: 280 }),
      'Error',
    ],
  ])('takes %s for transient', (_what, error, code) => {
    expect(toStreamFailure(error)).toMatchObject({ kind: 'transient', code, cause: error });
  });

  it('leaves a failure as it is', () => {
    const failure = new StreamFailure('historyLost', '286', 'x');
    expect(toStreamFailure(failure)).toBe(failure);
  });
});
