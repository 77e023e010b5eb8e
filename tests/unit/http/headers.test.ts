import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { signatureOf } from '../../../src/http/headers.ts';

const timestamp = Math.floor(Date.now() / 1000);
const id = '290a4138-5729-475f-95e1-9ff30f851d67:DELIVERED';
const body = Buffer.from('{"text":"फोनन में …"}');

const headers = (signature: string): Record<string, string> => ({
  'webhook-id': id,
  'webhook-timestamp': String(timestamp),
  'webhook-signature': signature,
});

const verifierOf = (key: Uint8Array): Webhook =>
  new Webhook(`whsec_${Buffer.from(key).toString('base64')}`);

describe('a signature', () => {
  it('is what Standard Webhooks computes', () => {
    const key = randomBytes(32);
    const expected = verifierOf(key).sign(id, new Date(timestamp * 1000), body.toString());
    expect(signatureOf({ id, timestamp, body }, [key])).toBe(expected);
  });

  it('verifies with either of two keys', () => {
    const keys = [randomBytes(24), randomBytes(64)];
    const signature = signatureOf({ id, timestamp, body }, keys);
    expect(signature).toMatch(/^v1,[A-Za-z\d+/]{43}= v1,[A-Za-z\d+/]{43}=$/);
    for (const key of keys) {
      expect(verifierOf(key).verify(body, headers(signature))).toEqual({ text: 'फोनन में …' });
    }
  });

  it('fits no other id, time, body or key', () => {
    const key = randomBytes(32);
    const signature = signatureOf({ id, timestamp, body }, [key]);
    const others = [
      signatureOf({ id: `${id}x`, timestamp, body }, [key]),
      signatureOf({ id, timestamp: timestamp + 1, body }, [key]),
      signatureOf({ id, timestamp, body: Buffer.from('{}') }, [key]),
      signatureOf({ id, timestamp, body }, [randomBytes(32)]),
    ];
    expect(others).not.toContain(signature);
    expect(() => verifierOf(randomBytes(32)).verify(body, headers(signature))).toThrow(
      'No matching signature found',
    );
  });

  it('covers the bytes, whether or not they are text', () => {
    const key = randomBytes(32);
    const signed = (bytes: number[]): string =>
      signatureOf({ id, timestamp, body: Uint8Array.from(bytes) }, [key]);
    // As text both would be the same replacement character.
    expect(signed([0xff])).not.toBe(signed([0xfe]));
  });
});
