import { expect, it } from '@jest/globals';
import { hashPassword, isPassword, parsePasswordHash } from '../../../src/support/passwordHash.ts';

const password = 'pässword of somebody';

it('recognises a password by its hash, however its letters are written', async () => {
  const text = await hashPassword(password.normalize('NFC'));
  expect(text).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  const hash = parsePasswordHash(text);
  expect(hash).not.toBeNull();
  expect(await isPassword(password.normalize('NFD'), hash)).toBe(true);
  expect(await isPassword(`${password} `, hash)).toBe(false);
  expect(await isPassword('', hash)).toBe(false);
});

it('uses another salt each time', async () => {
  expect(await hashPassword(password)).not.toBe(await hashPassword(password));
});

it('takes its time for somebody unknown, too', async () => {
  const hash = parsePasswordHash(await hashPassword(password));
  const timed = async (of: typeof hash): Promise<number> => {
    const begunAt = performance.now();
    expect(await isPassword('another', of)).toBe(false);
    return performance.now() - begunAt;
  };
  const known = Math.min(await timed(hash), await timed(hash));
  expect(await timed(null)).toBeGreaterThan(known / 3);
});

const [salt, key] = ['c2FsdHNhbHRzYWx0c2FsdA', 'a'.repeat(43)];

it.each([
  ['', 'nothing'],
  ['password', 'a password'],
  [`$scrypt$ln=13,r=8,p=1$${salt}$${key}`, 'a cheap hash'],
  [`$scrypt$ln=21,r=8,p=1$${salt}$${key}`, 'a hash that takes gigabytes'],
  [`$scrypt$ln=20,r=8,p=1$${salt}$${key}`, 'a hash that takes one gigabyte'],
  [`$scrypt$ln=17,r=0,p=1$${salt}$${key}`, 'a cost of nothing'],
  [`$scrypt$ln=17,r=8,p=99$${salt}$${key}`, 'a hash that takes minutes'],
  [`$scrypt$ln=17,r=8,p=1$short$${key}`, 'a short salt'],
  [`$scrypt$ln=17,r=8,p=1$${salt}$${key}a`, 'a long key'],
  [`$argon2id$v=19$m=65536,t=3,p=4$${salt}$${key}`, 'another algorithm'],
])('does not take %j, %s, for a hash', (text) => {
  expect(parsePasswordHash(text)).toBeNull();
});

it('takes a hash of another cost', () => {
  expect(parsePasswordHash(`$scrypt$ln=14,r=8,p=5$${salt}$${key}`)).toMatchObject({ ln: 14, p: 5 });
});
