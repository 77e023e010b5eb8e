import { codes } from '../errorCodes.ts';
import type { KafkaConnection } from '../clientConfig.ts';
import type { BrokerConnection } from './brokerConnection.ts';
import { createScram } from './scram.ts';
import { createWriter, requests } from './wire.ts';

/** By SASL, if the settings have a login. Rejects, without anything secret, where the broker refuses it. */
export async function logIn(broker: BrokerConnection, settings: KafkaConnection): Promise<void> {
  const { saslMechanism: mechanism, saslUsername: username, saslPassword: password } = settings;
  if (mechanism === null || username === null || password === null) return;
  const handshake = createWriter().string(mechanism).done();
  const answer = await broker.request(requests.saslHandshake, handshake);
  if (answer.int16() !== codes.noError) throw new Error(`it does not offer ${mechanism}`);
  const send = async (message: string): Promise<string> => {
    const body = createWriter().bytes(Buffer.from(message)).done();
    const reply = await broker.request(requests.saslAuthenticate, body);
    const code = reply.int16();
    reply.string();
    if (code !== codes.noError) throw new Error('it refuses the login');
    return reply.bytes().toString();
  };
  if (mechanism === 'SCRAM-SHA-256' || mechanism === 'SCRAM-SHA-512') {
    const scram = createScram(mechanism, { username, password });
    scram.verify(await send(await scram.final(await send(scram.first))));
    return;
  }
  if (mechanism !== 'PLAIN') throw new Error(`${mechanism} is not known here`);
  await send(`\0${username}\0${password}`);
}
