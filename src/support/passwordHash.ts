import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** The cost of scrypt: `ln` is the binary logarithm of N. */
interface Cost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** OWASP's advice for scrypt: 128 MiB and some tenths of a second for each password that is tried. */
const advised: Cost = { ln: 17, r: 8, p: 1 };

const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** More would let a file make each sign-in take the whole machine's memory. */
const MOST_MEMORY_BYTES = 512 * 1024 * 1024;

/** In the text format of the Password Hashing Competition, with the cost and the salt in it. */
const form =
  /^\$scrypt\$ln=(?<ln>\d{1,2}),r=(?<r>\d{1,2}),p=(?<p>\d{1,2})\$(?<salt>[A-Za-z\d+/]{22,86})\$(?<key>[A-Za-z\d+/]{43})$/;

/** A password that can be recognised, but not read. */
export interface PasswordHash extends Cost {
  /** As it is stored. */
  readonly text: string;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** Null for a text that is no hash, or one that is too cheap or too expensive to use. */
export function parsePasswordHash(text: string): PasswordHash | null {
  const groups = form.exec(text)?.groups;
  if (groups === undefined) return null;
  const [ln, r, p] = [Number(groups['ln']), Number(groups['r']), Number(groups['p'])];
  const isUsable =
    ln >= 14 && ln <= 20 && r >= 1 && p >= 1 && p <= 16 && memoryOf({ ln, r }) <= MOST_MEMORY_BYTES;
  if (!isUsable) return null;
  const salt = Buffer.from(groups['salt'] ?? '', 'base64');
  return { text, ln, r, p, salt, key: Buffer.from(groups['key'] ?? '', 'base64') };
}

/** The hash to be stored for a password, with a salt of its own. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, advised);
  const { ln, r, p } = advised;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${toText(salt)}$${toText(key)}`;
}

/** Whom nobody is; it costs as much as anybody else. */
const nobody = { ...advised, salt: randomBytes(SALT_BYTES), key: randomBytes(KEY_BYTES) } as const;

/** Whether it is the password. For `null`, an unknown person, the answer is no, and takes as long. */
export async function isPassword(password: string, hash: PasswordHash | null): Promise<boolean> {
  const { salt, key, ...cost } = hash ?? nobody;
  const derived = await derive(password, salt, cost);
  return timingSafeEqual(derived, key) && hash !== null;
}

/** Outside the main thread. */
async function derive(password: string, salt: Buffer, { ln, r, p }: Cost): Promise<Buffer> {
  // The same letters can be written in several ways, which depends on the keyboard.
  const written = password.normalize('NFKC');
  const options = { N: 2 ** ln, r, p, maxmem: 2 * memoryOf({ ln, r }) };
  return await new Promise((resolve, reject) => {
    scrypt(written, salt, KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function memoryOf({ ln, r }: Pick<Cost, 'ln' | 'r'>): number {
  return 128 * 2 ** ln * r;
}

function toText(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
