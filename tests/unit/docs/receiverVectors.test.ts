import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { packageRoot } from '../../../config/packageRoot.ts';
import {
  receiverVectors,
  type Vector,
  type Vectors,
} from '../../../scripts/receiverKit/vectors.ts';
import { parseSigningKeys } from '../../../src/domain/webhook.ts';
import { signatureOf } from '../../../src/http/headers.ts';
import { bodyProblems, headerProblems } from '../../support/notificationSchema.ts';

const { secret, vectors } = JSON.parse(
  readFileSync(join(packageRoot(), 'examples/vectors.json'), 'utf8'),
) as Vectors;

/** With a library of others, which can't be told the time. */
function isGenuine({ headers, body }: Vector): boolean {
  const { 'webhook-id': id = '', 'webhook-timestamp': timestamp = '' } = headers;
  const expected = new Webhook(secret).sign(id, new Date(Number(timestamp) * 1000), body);
  return (headers['webhook-signature'] ?? '').split(' ').includes(expected);
}

describe('examples/vectors.json', () => {
  it('is what the worker signs', () => {
    expect({ secret, vectors }).toEqual({ secret, vectors: receiverVectors().vectors });
  });

  it.each(vectors)('is right about $what', (vector) => {
    expect(isGenuine(vector)).toBe(vector.genuine);
  });

  it.each(vectors.filter(({ genuine }) => genuine))(
    'has the signature of our own signer for $what',
    ({ headers, body, signedWith }) => {
      const content = {
        id: headers['webhook-id'] ?? '',
        timestamp: Number(headers['webhook-timestamp']),
        body: Buffer.from(body),
      };
      const keys = parseSigningKeys(signedWith.join(' ')) ?? [];
      expect(headers['webhook-signature']).toBe(signatureOf(content, keys));
      expect([...headerProblems(headers), ...bodyProblems(JSON.parse(body))]).toEqual([]);
    },
  );

  it('has calls of both kinds', () => {
    const kinds = Object.groupBy(vectors, ({ genuine }) => String(genuine));
    expect([kinds['true']?.length, kinds['false']?.length]).toEqual([5, 8]);
  });
});
