import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parseAddress, serverNameOf } from './protocol/address.ts';
import { createReader, createWriter, frame, requests } from './protocol/wire.ts';

/** What a broker's listener speaks. */
export interface Listener {
  readonly tls: boolean;
  /** How clients may log in to it: empty if they can't; null where it does not say. */
  readonly mechanisms: readonly string[] | null;
}

/**
 * Finds out what a listener speaks, by a request that any broker answers before a login: the client for Kafka itself can
 * only guess why a connection ends. Null when it does not answer as one, or not within the limit. Never rejects.
 *
 * @param address a host with a port; an IPv6 address in brackets
 */
export async function probeListener(address: string, limitMs: number): Promise<Listener | null> {
  const at = parseAddress(address);
  const plain = await exchange(connectPlain(at), 'connect', limitMs);
  const answer = parseAnswer(plain.answer);
  if (answer !== null) return { tls: false, mechanisms: answer };
  // Nothing secret is sent, and nothing that is received is relied on.
  const socket = connectTls({ ...at, servername: serverNameOf(at), rejectUnauthorized: false });
  const encrypted = await exchange(socket, 'secureConnect', limitMs);
  const isTls = encrypted.isOpen || /^ERR_SSL_.*ALERT/.test(encrypted.code);
  return isTls ? { tls: true, mechanisms: parseAnswer(encrypted.answer) } : null;
}

const CORRELATION_ID = 0x6e6f6400;

/** SaslHandshake for a mechanism that there is not: the answer names those that there are. */
const handshakeRequest = frame(requests.saslHandshake, {
  ...{ id: CORRELATION_ID, clientId: null, body: createWriter().string('?').done() },
});

/** Null for what is no answer to that. A listener without a login has an error and no mechanisms. */
function parseAnswer(bytes: Buffer): readonly string[] | null {
  const answer = createReader(bytes.subarray(4));
  try {
    if (answer.int32() !== CORRELATION_ID) return null;
    answer.int16();
    const names = answer.array(() => answer.string());
    return names.every((name) => name !== null) ? names : null;
  } catch {
    return null;
  }
}

interface Exchanged {
  readonly isOpen: boolean;
  /** Of the error that ended it; empty for none. */
  readonly code: string;
  readonly answer: Buffer;
}

const ANSWER_AT_MOST = 4_096;

/** Sends the request once the socket is open, and reads until the answer is whole or nothing more comes. */
async function exchange(
  socket: Socket,
  open: 'connect' | 'secureConnect',
  limitMs: number,
): Promise<Exchanged> {
  let [isOpen, code] = [false, ''];
  let answer = Buffer.alloc(0);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    socket.once(open, () => {
      isOpen = true;
      socket.write(handshakeRequest);
    });
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      const isWhole = answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0);
      if (isWhole || answer.length > ANSWER_AT_MOST) end();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code ?? '';
      end();
    });
    socket.once('close', end);
  });
  socket.destroy();
  return { isOpen, code, answer };
}
