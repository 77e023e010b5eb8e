import { describe, expect, it } from '@jest/globals';
import { mysqlUri } from '../../../config/mysqlValues.ts';
import { parse } from './parsing.ts';

describe('a MySQL connection string', () => {
  it.each([
    'mysql://localhost/central',
    'mysql://user:password@db.example:3306/central',
    'mysql://user:p%40ss%2Fword@[::1]:3307/central?charset=utf8mb4',
    'mariadb://user@db.example/central',
  ])('%s', (text) => {
    expect(parse(mysqlUri(), text)).toEqual({ value: text });
  });

  it.each(['', 'localhost', 'http://localhost/central', 'mysql:localhost/central'])(
    '%j lacks the scheme',
    (text) => {
      expect(parse(mysqlUri(), text)).toEqual({
        wrong: 'does not begin with mysql:// or mariadb://',
      });
    },
  );

  it.each(['mysql://localhost', 'mysql://localhost/', 'mysql://localhost/?a=b', 'mysql://h/a/b'])(
    '%s names no database',
    (text) => {
      expect(parse(mysqlUri(), text)).toEqual({ wrong: 'does not name a database' });
    },
  );

  it.each([
    'mysql:///central',
    'mysql://host:port/central',
    'mysql://host:65536/central',
    'mysql://user:p/ss@host/central',
    'mysql://user:p%ss@host/central',
    'mysql://user:1#ss@host/central',
  ])('%s is refused', (text) => {
    expect(parse(mysqlUri(), text)).toEqual({ wrong: expect.stringMatching(/percent-encoded/) });
  });
});
