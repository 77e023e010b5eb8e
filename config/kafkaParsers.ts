import { isIPv6 } from 'node:net';
import { parser, splitList } from './parsers.ts';

/** IPv6 addresses in brackets. */
export const brokerAddresses = parser(
  'addresses such as kafka-1:9092,[::1]:9092 separated by commas, or nothing',
  (text, refuse) => {
    const entries = splitList(text);
    if (entries.includes('')) return refuse('has an empty entry');
    for (const [index, entry] of entries.entries()) {
      const wrong = faultOf(entry);
      if (wrong !== null) return refuse(`has an entry that ${wrong}, number ${index + 1}`);
    }
    return entries;
  },
);

function faultOf(entry: string): string | null {
  if (entry.includes('://')) {
    return 'begins with a scheme (leave it out; KAFKA_TLS and KAFKA_SASL_MECHANISM choose the protocol)';
  }
  const { bracketed, host, port } =
    /^(?:\[(?<bracketed>[^[\]]*)\]|(?<host>[^:[\]]*))(?::(?<port>.*))?$/.exec(entry)?.groups ?? {};
  const isHost =
    bracketed === undefined ? /^[\w-]+(?:\.[\w-]+)*\.?$/.test(host ?? '') : isIPv6(bracketed);
  if (!isHost) return 'is not a host with a port';
  if (port === undefined) return 'has no port';
  const isPort = /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535;
  return isPort ? null : 'has an invalid port';
}

/** By the rules of the broker. */
export const kafkaTopic = parser(
  'the name of a topic, such as central.SMSDetailDocument',
  (text, refuse) => {
    if (!/^[\w.-]+$/.test(text)) {
      return refuse('is not a topic name (letters of a to z, digits, ".", "_" and "-")');
    }
    if (text === '.' || text === '..') return refuse('is not a topic name');
    return text.length > 249 ? refuse('is longer than 249 characters') : text;
  },
);

export const kafkaGroup = parser('up to 255 printable ASCII characters', (text, refuse) =>
  /^[\x20-\x7e]{1,255}$/.test(text) ? text : refuse('is too long or not printable ASCII'),
);

/** A user name or password. The client reads both as texts that end at the first NUL. */
export const saslText = parser('a text without NUL characters', (text, refuse) =>
  text.includes('\0') ? refuse('has a NUL character') : text,
);
