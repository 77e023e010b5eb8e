import { describe, expect, it } from '@jest/globals';
import {
  BSON,
  MongoInvalidArgumentError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerError,
  MongoTopologyClosedError,
} from 'mongodb';
import { NoAnswerInTime } from '../../../src/mongo/calls.ts';
import { passes } from '../../../src/mongo/errors.ts';

const serverError = (fields: Readonly<Record<string, unknown>>): MongoServerError =>
  new MongoServerError({ message: 'refused', ...fields });

describe('passes', () => {
  it.each<readonly [string, Error]>([
    ['a connection that fails', new MongoNetworkError('reset')],
    ['no answer in time', new NoAnswerInTime(1_000)],
    ['a client that is not connected', new MongoNotConnectedError('not connected')],
    ['a topology that is closed', new MongoTopologyClosedError()],
    ['a primary that steps down', serverError({ code: 189 })],
    ['no primary', serverError({ code: 10107 })],
    ['a right that is missing', serverError({ code: 13 })],
    ['credentials that are refused', serverError({ code: 18 })],
    ['a majority that does not answer', serverError({ code: 64 })],
    ['a disk that is full', serverError({ code: 14031 })],
    ['writes that are blocked', serverError({ code: 371 })],
    ['any code with the label', serverError({ code: 1, errorLabels: ['RetryableWriteError'] })],
  ])('is true for %s', (_what, error) => {
    expect(passes(error)).toBe(true);
  });

  it.each<readonly [string, Error]>([
    ['a regular expression that is too large', serverError({ code: 51091 })],
    ['a validator', serverError({ code: 121 })],
    ['a document that is too large', serverError({ code: 10334 })],
    ['a key that is there', serverError({ code: 11000 })],
    ['a value of the wrong type', serverError({ code: 14 })],
    ['a server error without a code', serverError({})],
    ['a value that can not be decoded', new BSON.BSONError('not supported')],
    ['an argument that the driver refuses', new MongoInvalidArgumentError('too large')],
    ['a bug', new TypeError('undefined')],
  ])('is false for %s', (_what, error) => {
    expect(passes(error)).toBe(false);
  });
});
