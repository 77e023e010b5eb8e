import { describe, expect, it } from '@jest/globals';
import { mongodbCollection, mongodbDatabase, mongodbUri } from '../../../config/mongodbValues.ts';
import { parse } from './parsing.ts';

describe('a MongoDB connection string', () => {
  it.each([
    'mongodb://localhost',
    'mongodb://127.0.0.1:27017/?directConnection=true',
    'mongodb://a:27017,b:27018,c/central?replicaSet=rs0&authSource=admin',
    'mongodb://user:p%40ss%2Fword@db.example/',
    'mongodb://user@db.example',
    'mongodb://[::1]:27017,[fe80::2]/',
    'mongodb+srv://user:pw@cluster0.example.net/?retryWrites=true',
  ])('%s', (text) => {
    expect(parse(mongodbUri(), text)).toEqual({ value: text });
  });

  it.each([
    '',
    'localhost',
    'http://localhost',
    'MongoDB://localhost',
    'mysql://localhost/central',
  ])('%j lacks the scheme', (text) => {
    expect(parse(mongodbUri(), text)).toEqual({
      wrong: 'does not begin with mongodb:// or mongodb+srv://',
    });
  });

  it.each([
    'mongodb://',
    'mongodb:///central',
    'mongodb://a,,b',
    'mongodb://a:port',
    'mongodb://user:p@ss@host',
    'mongodb://user:p/ss@host',
    'mongodb://user:p%ss@host',
    'mongodb://user:p#ss@host',
    'mongodb://a b/',
  ])('%s is refused', (text) => {
    expect(parse(mongodbUri(), text)).toEqual({ wrong: expect.stringMatching(/percent-encoded/) });
  });

  it.each(['mongodb+srv://a,b', 'mongodb+srv://a:27017'])('%s is refused', (text) => {
    expect(parse(mongodbUri(), text)).toEqual({
      wrong: 'must name exactly one host and no port with mongodb+srv://',
    });
  });
});

describe('a database', () => {
  it.each(['central', 'central-2', 'Центр'])('%s', (text) => {
    expect(parse(mongodbDatabase(), text)).toEqual({ value: text });
  });

  it.each(['a.b', 'a b', 'a/b', 'a$b', 'x'.repeat(64), 'admin', 'local', 'config'])(
    '%s is refused',
    (text) => {
      expect(parse(mongodbDatabase(), text)).toEqual({ wrong: expect.any(String) });
    },
  );
});

describe('a collection', () => {
  it.each(['SMSDetailDocument', 'sms.details', 'sms details'])('%s', (text) => {
    expect(parse(mongodbCollection(), text)).toEqual({ value: text });
  });

  it.each(['system.users', '.sms', 'sms.', 'a$b', 'x'.repeat(191)])('%s is refused', (text) => {
    expect(parse(mongodbCollection(), text)).toEqual({ wrong: expect.any(String) });
  });
});
