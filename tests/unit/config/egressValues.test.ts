import { describe, expect, it } from '@jest/globals';
import { addressRanges, proxyUrl, schemes } from '../../../config/egressValues.ts';
import { parse } from './parsing.ts';

describe('address ranges', () => {
  it.each([
    ['', []],
    ['10.0.0.0/8', ['10.0.0.0/8']],
    ['10.0.0.0/8, fd00::/8,127.0.0.1 ,::1/128', ['10.0.0.0/8', 'fd00::/8', '127.0.0.1', '::1/128']],
    ['0.0.0.0/0,::/0', ['0.0.0.0/0', '::/0']],
  ])('%j', (text, value) => {
    expect(parse(addressRanges(), text)).toEqual({ value });
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
    expect(parse(addressRanges(), text)).toEqual({
      wrong: `has an entry that is no address or range, number ${number}`,
    });
  });

  it('not with a hole', () => {
    expect(parse(addressRanges(), '10.0.0.0/8,,::1')).toEqual({ wrong: 'has an empty entry' });
  });
});

describe('schemes', () => {
  it.each([
    ['https', ['https']],
    ['http', ['http']],
    ['HTTP, https', ['https', 'http']],
  ])('%j', (text, value) => {
    expect(parse(schemes(), text)).toEqual({ value });
  });

  it.each([
    ['ftp', 'has an entry that is neither https nor http'],
    ['https,', 'has an entry that is neither https nor http'],
    ['https://', 'has an entry that is neither https nor http'],
    ['', 'names no scheme'],
  ])('not %j', (text, wrong) => {
    expect(parse(schemes(), text)).toEqual({ wrong });
  });
});

describe('a proxy', () => {
  it.each([
    ['', null],
    ['http://proxy:3128', 'http://proxy:3128/'],
    ['HTTPS://user:p%40ss@[fd00::1]:8443/', 'https://user:p%40ss@[fd00::1]:8443/'],
  ])('%j', (text, value) => {
    expect(parse(proxyUrl(), text)).toEqual({ value });
  });

  it.each([
    ['proxy:3128', 'does not begin with http:// or https://'],
    ['socks5://proxy:1080', 'does not begin with http:// or https://'],
    ['http://', 'is not a URL (@ : / ? # % in a user name or password must be percent-encoded)'],
    [
      'http://u:%zz@p',
      'is not a URL (@ : / ? # % in a user name or password must be percent-encoded)',
    ],
    ['http://proxy/path', 'has something after the host and port'],
    ['http://proxy/?a=b', 'has something after the host and port'],
    ['http://proxy/#a', 'has something after the host and port'],
  ])('not %j', (text, wrong) => {
    expect(parse(proxyUrl(), text)).toEqual({ wrong });
  });
});
