import { Buffer } from 'node:buffer';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4, isIPv6 } from 'node:net';
import type { IslandPlan } from './plan.ts';

const TYPE = { a: 1, aaaa: 28 } as const;
const NO_SUCH_NAME = 3;

/** Answers questions for addresses by UDP on port 53 of 127.0.0.1 (RFC 1035), and lets nobody remember it. */
export async function startNameServer(names: IslandPlan['names']): Promise<void> {
  const asked = new Map<string, number>();
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    const question = readQuestion(message);
    const key = `${question.name} ${question.type}`;
    const turn = asked.get(key) ?? 0;
    asked.set(key, turn + 1);
    const answers = names[question.name];
    if (answers === null) return;
    const addresses = answers === undefined ? null : (answers[turn] ?? answers.at(-1) ?? []);
    socket.send(toAnswer(message, question, addresses), from.port, from.address);
  });
  socket.bind(53, '127.0.0.1');
  await once(socket, 'listening');
}

interface Question {
  readonly name: string;
  readonly type: number;
  /** Where it ends in the message. */
  readonly end: number;
}

function readQuestion(message: Buffer): Question {
  const labels: string[] = [];
  let at = 12;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const name = labels.join('.').toLowerCase();
  return { name, type: message.readUInt16BE(at + 1), end: at + 5 };
}

function toAnswer(
  message: Buffer,
  { type, end }: Question,
  addresses: readonly string[] | null,
): Buffer {
  const isOfType = type === TYPE.a ? isIPv4 : type === TYPE.aaaa ? isIPv6 : () => false;
  const records = (addresses ?? []).filter((address) => isOfType(address)).map(toBytes);
  const header = Buffer.from(message.subarray(0, 12));
  header.writeUInt16BE(0x8180 | (addresses === null ? NO_SUCH_NAME : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  header.fill(0, 8, 12);
  const bodies = records.map((bytes) => {
    const body = Buffer.alloc(12);
    // The name is that of the question.
    body.writeUInt16BE(0xc00c, 0);
    body.writeUInt16BE(type, 2);
    body.writeUInt16BE(1, 4);
    body.writeUInt16BE(bytes.length, 10);
    return Buffer.concat([body, bytes]);
  });
  return Buffer.concat([header, message.subarray(12, end), ...bodies]);
}

function toBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const before = head.split(':').filter(Boolean);
  const after = tail?.split(':').filter(Boolean) ?? [];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...before, ...zeros, ...after].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * index);
  }
  return bytes;
}
