import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

/** A login by RFC 5802, without channel binding: message by message. */
export interface Scram {
  readonly first: string;
  /** Throws where the server's first message does not belong to ours. */
  final(serverFirst: string): Promise<string>;
  /** Throws unless the server knows the password too. */
  verify(serverFinal: string): void;
}

interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Brokers allow 16,384; nobody who poses as one may have us compute for long. */
const ITERATIONS_AT_MOST = 1_000_000;

const derive = promisify(pbkdf2);

export function createScram(
  mechanism: ScramMechanism,
  { username, password }: Credentials,
  nonce = randomBytes(24).toString('base64'),
): Scram {
  const hash = mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512';
  const hmac = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest();
  const name = username.replaceAll('=', '=3D').replaceAll(',', '=2C');
  const bare = `n=${name},r=${nonce}`;
  let expected: Buffer | null = null;
  return {
    first: `n,,${bare}`,
    async final(serverFirst) {
      const { r: bothNonces = '', s: salt = '', i = '' } = attributes(serverFirst);
      const iterations = Number(i);
      const isUsable = iterations > 0 && iterations <= ITERATIONS_AT_MOST;
      if (!bothNonces.startsWith(nonce) || salt === '' || !isUsable) {
        throw new Error('it does not log in by the rules of SCRAM');
      }
      const { length } = createHash(hash).digest();
      const salted = await derive(password, Buffer.from(salt, 'base64'), iterations, length, hash);
      const clientKey = hmac(salted, 'Client Key');
      const storedKey = createHash(hash).update(clientKey).digest();
      const withoutProof = `c=biws,r=${bothNonces}`;
      const signed = `${bare},${serverFirst},${withoutProof}`;
      const signature = hmac(storedKey, signed);
      const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
      expected = hmac(hmac(salted, 'Server Key'), signed);
      return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`;
    },
    verify(serverFinal) {
      const { v: verifier = '' } = attributes(serverFinal);
      const given = Buffer.from(verifier, 'base64');
      const isTheirs = expected?.length === given.length && timingSafeEqual(expected, given);
      if (!isTheirs) throw new Error('it does not prove that it knows the password');
    },
  };
}

function attributes(message: string): Readonly<Record<string, string>> {
  const pairs = message.split(',').map((part) => [part.slice(0, 1), part.slice(2)] as const);
  return Object.fromEntries(pairs);
}
