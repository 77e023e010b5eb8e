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
import {
  alwaysThere,
  asyncApi,
  bodyProblems,
  headerProblems,
} from '../../support/notificationSchema.ts';

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

describe('docs/receiving.md', () => {
  const page = readFileSync(join(packageRoot(), 'docs/receiving.md'), 'utf8');

  it('shows the first of the vectors', () => {
    const [, head = '', body = ''] = /```http\nPOST .*\n([^]*?)\n\n(.*) …/.exec(page) ?? [];
    const shown = Object.fromEntries(head.split('\n').map((line) => line.split(/: (.*)/, 2)));
    const { 'accept-encoding': _, ...sent } = vectors[0]?.headers ?? {};
    expect(shown).toEqual(sent);
    expect(vectors[0]?.body.startsWith(body)).toBe(true);
    expect(body).toContain('"smsDetails"');
  });

  it('explains every header that the AsyncAPI document has', () => {
    const [, table = ''] = /## The headers\n([^]*?)\n## /.exec(page) ?? [];
    const explained = [...table.matchAll(/^\| `([\w-]+)`/gm)].map(([, name]) => name);
    const { headers } = asyncApi.components.messages['notification'] ?? {};
    expect(new Set(explained)).toEqual(new Set(Object.keys(headers?.properties ?? {})));
  });

  it('names every field of the body that is always there', () => {
    const [, table = ''] = /## The body\n([^]*?)\n## /.exec(page) ?? [];
    for (const field of alwaysThere) expect(table).toMatch(new RegExp(`[\`.]${field}\``));
  });

  it('explains what an answer may ask for as the AsyncAPI document does', () => {
    const [, table = ''] = /### Requests in your answer\n([^]*?)\n## /.exec(page) ?? [];
    const { properties } = asyncApi.components.schemas['requests'] ?? { properties: {} };
    const { 'webhook-delivery': delivery, ...others } = properties;
    expect(Object.keys(others)).toEqual(['retry-after']);
    expect(table).toContain('`Retry-After`');
    expect(delivery?.['enum']).toEqual(['disable', 'abort-message']);
    for (const request of ['disable', 'abort-message']) {
      expect(table).toContain(`\`webhook-delivery: ${request}\``);
    }
    expect(table).toContain('`410`');
  });
});
