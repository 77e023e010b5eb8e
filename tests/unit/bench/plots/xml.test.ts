import { expect, it } from '@jest/globals';
import { parseXml, textOf } from './xml.ts';

it('reads what is well-formed', () => {
  const root = parseXml('<a x="1 &lt; 2">\n<b/>\n<c>one &amp; two</c>\n</a>\n');
  expect(root.attributes).toEqual({ x: '1 < 2' });
  expect(textOf(root)).toBe('one & two');
});

it.each([
  ['<a>', '<a> is not closed'],
  ['</a>', 'a stray </a>'],
  ['<a></b>', 'a stray </b>'],
  ['<a><b></a></b>', 'a stray </a>'],
  ['<a/><b/>', 'not one element'],
  ['a', 'not one element'],
  ['', 'not one element'],
  ['<a x=1/>', 'not XML at <a x=1/>'],
  ['<a x="1" x="2"/>', 'x is there twice'],
  ['<a x="<"/>', 'not XML at <a x="<"/>'],
  ['<a>1 < 2</a>', 'not XML at < 2</a>'],
  ['<a>this & that</a>', 'a bare &'],
  ['<a>&nbsp;</a>', 'a bare &'],
  ['<a>\u{1}</a>', 'a character that XML can not hold'],
  ['<a>\u{d800}</a>', 'a character that XML can not hold'],
  ['<a>\u{ffff}</a>', 'a character that XML can not hold'],
])('refuses %j: %s', (source, message) => {
  expect(() => parseXml(source)).toThrow(message);
});
