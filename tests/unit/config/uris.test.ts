import { describe, expect, it } from '@jest/globals';
import { optional } from '../../../config/parsers.ts';
import {
  addressRanges,
  mongodbCollection,
  mongodbDatabase,
  mongodbUri,
  mysqlUri,
  proxyUrl,
  schemes,
} from '../../../config/uris.ts';
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
    expect(parse(mongodbUri, text)).toEqual({ value: text });
  });

  it.each([
    '',
    'localhost',
    'http://localhost',
    'MongoDB://localhost',
    'mysql://localhost/central',
  ])('%j lacks the scheme', (text) => {
    expect(parse(mongodbUri, text)).toEqual({
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
    expect(parse(mongodbUri, text)).toEqual({ wrong: expect.stringMatching(/percent-encoded/) });
  });

  it.each(['mongodb+srv://a,b', 'mongodb+srv://a:27017'])('%s is refused', (text) => {
    expect(parse(mongodbUri, text)).toEqual({
      wrong: 'must name exactly one host and no port with mongodb+srv://',
    });
  });
});

describe('a database', () => {
  it.each(['central', 'central-2', 'Центр'])('%s', (text) => {
    expect(parse(mongodbDatabase, text)).toEqual({ value: text });
  });

  it.each(['a.b', 'a b', 'a/b', 'a$b', 'x'.repeat(64), 'admin', 'local', 'config'])(
    '%s is refused',
    (text) => {
      expect(parse(mongodbDatabase, text)).toEqual({ wrong: expect.any(String) });
    },
  );
});

describe('a collection', () => {
  it.each(['SMSDetailDocument', 'sms.details', 'sms details'])('%s', (text) => {
    expect(parse(mongodbCollection, text)).toEqual({ value: text });
  });

  it.each(['system.users', '.sms', 'sms.', 'a$b', 'x'.repeat(191)])('%s is refused', (text) => {
    expect(parse(mongodbCollection, text)).toEqual({ wrong: expect.any(String) });
  });
});

const account = {
  host: 'localhost',
  port: 3306,
  user: '',
  password: '',
  database: 'central',
};

describe('a MySQL connection string', () => {
  it.each([
    ['mysql://localhost/central', {}],
    [
      'mysql://user:password@db.example:3307/central',
      { host: 'db.example', port: 3307, user: 'user', password: 'password' },
    ],
    [
      'mysql://us%3Aer:p%40ss%2Fword@[::1]:3307/cent%72al?charset=utf8mb4',
      { host: '::1', port: 3307, user: 'us:er', password: 'p@ss/word' },
    ],
    ['mariadb://user@db.example/central', { host: 'db.example', user: 'user' }],
  ])('%s', (text, parts) => {
    expect(parse(mysqlUri, text)).toMatchObject({ value: { account: { ...account, ...parts } } });
  });

  it.each(['', 'localhost', 'http://localhost/central', 'mysql:localhost/central'])(
    '%j lacks the scheme',
    (text) => {
      expect(parse(mysqlUri, text)).toEqual({
        wrong: 'does not begin with mysql:// or mariadb://',
      });
    },
  );

  it.each(['mysql://localhost', 'mysql://localhost/', 'mysql://localhost/?a=b', 'mysql://h/a/b'])(
    '%s names no database',
    (text) => {
      expect(parse(mysqlUri, text)).toEqual({ wrong: 'does not name a database' });
    },
  );

  it.each([
    'mysql:///central',
    'mysql://host:port/central',
    'mysql://host:65536/central',
    'mysql://user:p/ss@host/central',
    'mysql://user:p%ss@host/central',
    'mysql://user:1#ss@host/central',
    'mysql://user:1/x?ecret@host/central',
  ])('%s is refused', (text) => {
    expect(parse(mysqlUri, text)).toEqual({ wrong: expect.stringMatching(/percent-encoded/) });
  });
});

describe('address ranges', () => {
  it.each([
    ['', []],
    ['10.0.0.0/8', ['10.0.0.0/8']],
    ['10.0.0.0/8, fd00::/8,127.0.0.1 ,::1/128', ['10.0.0.0/8', 'fd00::/8', '127.0.0.1', '::1/128']],
    ['0.0.0.0/0,::/0', ['0.0.0.0/0', '::/0']],
  ])('%j', (text, value) => {
    expect(parse(addressRanges, text)).toEqual({ value });
  });

  it.each([
    ['10.0.0.0/33', 1],
    ['10.0.0.0/8,10.0.0/8', 2],
    ['10.0.0.0/08', 1],
    ['10.0.0.0/', 1],
    ['10.0.0.0/8/8', 1],
    ['fd00::/129', 1],
    ['fe80::1%eth0', 1],
    ['localhost', 1],
    ['0x7f.1', 1],
    ['10.0.0.0-10.0.0.9', 1],
    ['::1,10.0.0.0/255.0.0.0', 2],
  ])('not %j', (text, number) => {
    expect(parse(addressRanges, text)).toEqual({
      wrong: `has an entry that is not an address or range, number ${number}`,
    });
  });

  it('not with an empty entry', () => {
    expect(parse(addressRanges, '10.0.0.0/8,,::1')).toEqual({ wrong: 'has an empty entry' });
  });
});

describe('schemes', () => {
  it.each([
    ['https', ['https']],
    ['http', ['http']],
    ['HTTP, https', ['https', 'http']],
  ])('%j', (text, value) => {
    expect(parse(schemes, text)).toEqual({ value });
  });

  it.each([
    ['ftp', 'has an entry that is neither https nor http'],
    ['https,', 'has an entry that is neither https nor http'],
    ['https://', 'has an entry that is neither https nor http'],
    ['', 'names no scheme'],
  ])('not %j', (text, wrong) => {
    expect(parse(schemes, text)).toEqual({ wrong });
  });
});

describe('a proxy', () => {
  it.each([
    ['', null],
    ['http://proxy:3128', 'http://proxy:3128/'],
    ['HTTPS://user:p%40ss@[fd00::1]:8443/', 'https://user:p%40ss@[fd00::1]:8443/'],
  ])('%j', (text, value) => {
    expect(parse(optional(proxyUrl), text)).toEqual({ value });
  });

  it.each([
    ['proxy:3128', 'does not begin with http:// or https://'],
    ['socks5://proxy:1080', 'does not begin with http:// or https://'],
    ['http://', 'is not a URL (@ : / ? # % in a user name or password must be percent-encoded)'],
    [
      'http://u:%zz@p',
      'is not a URL (@ : / ? # % in a user name or password must be percent-encoded)',
    ],
    ['http://proxy/path', 'has a path or query after the host and port'],
    ['http://proxy/?a=b', 'has a path or query after the host and port'],
    ['http://proxy/#a', 'has a path or query after the host and port'],
  ])('not %j', (text, wrong) => {
    expect(parse(optional(proxyUrl), text)).toEqual({ wrong });
  });
});
