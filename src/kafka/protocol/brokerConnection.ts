import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, getCACertificates, type ConnectionOptions } from 'node:tls';
import type { KafkaConnection } from '../clientConfig.ts';
import { parseAddress, serverNameOf, type Address } from './address.ts';
import { createReader, frame, type Reader, type Request } from './wire.ts';

/** Takes one request at a time. Whatever ends it rejects the request that is under way, and all later ones. */
export interface BrokerConnection {
  request(request: Request, body: Buffer): Promise<Reader>;
  close(): void;
}

/** No answer that is asked for comes near it. */
const ANSWER_AT_MOST = 1_048_576;

/** @param signal ends the connection; its reason is what requests reject with */
export function openBrokerConnection(
  address: string,
  { connection, clientId, signal }: BrokerConnectionOptions,
): BrokerConnection {
  const socket = openSocket(parseAddress(address), connection);
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  let waiting: ((message: Buffer) => void) | null = null;
  let received = Buffer.alloc(0);
  let sent = 0;
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (received.length < 4) return;
    const length = received.readInt32BE(0);
    if (length < 4 || length > ANSWER_AT_MOST) {
      socket.destroy(new Error('it does not answer as a Kafka broker'));
      return;
    }
    if (received.length < 4 + length) return;
    const message = received.subarray(4, 4 + length);
    received = received.subarray(4 + length);
    waiting?.(message);
  });
  socket.on('error', ended.reject);
  socket.on('close', () => ended.reject(new Error('it ended the connection')));
  const abort = (): void => {
    ended.reject(signal.reason);
    socket.destroy();
  };
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return {
    async request(request, body) {
      sent += 1;
      const answered = new Promise<Buffer>((resolve) => {
        waiting = resolve;
      });
      socket.write(frame(request, { id: sent, clientId, body }));
      const reader = createReader(await Promise.race([answered, ended.promise]));
      if (reader.int32() !== sent) throw new Error('it answers another request');
      return reader;
    },
    close() {
      signal.removeEventListener('abort', abort);
      socket.destroy();
    },
  };
}

export interface BrokerConnectionOptions {
  readonly connection: KafkaConnection;
  readonly clientId: string;
  readonly signal: AbortSignal;
}

function openSocket(at: Address, connection: KafkaConnection): Socket {
  if (!connection.tls) return connectPlain(at);
  const { ca, cert, key } = connection;
  const options: ConnectionOptions = {
    ...at,
    servername: serverNameOf(at),
    // As the client does, which does not know the authorities that Node.js brings.
    ca: ca === null ? getCACertificates('system') : ca.text,
    ...(cert !== null && key !== null && { cert: cert.text, key: key.text }),
  };
  return connectTls(options);
}
