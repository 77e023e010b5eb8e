import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { attemptErrors } from '../../../src/domain/attempt.ts';

it('each error of an attempt has one paragraph, and nothing else has', () => {
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const headings = [...page.matchAll(/^## (?<error>\w+)$/gm)].map(
    ({ groups }) => groups?.['error'] ?? '',
  );
  expect(new Set(headings)).toEqual(new Set(attemptErrors));
  expect(headings).toHaveLength(attemptErrors.length);
});
