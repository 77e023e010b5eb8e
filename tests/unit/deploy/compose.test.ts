import { describe, expect, it } from '@jest/globals';
import { readCompose } from '../../support/deployFiles.ts';

interface Words {
  readonly healthcheck?: Readonly<{ test: readonly unknown[] }>;
  readonly command?: readonly unknown[];
  readonly entrypoint?: readonly unknown[];
}

describe.each(['compose.yaml', 'compose.kafka.yaml'])('what %s has containers run', (path) => {
  // `a ? 0: 1` is a mapping, not a text: Docker Compose refused the whole file.
  it.each(Object.entries(readCompose(path)))('is words: %s', (_, service) => {
    const { healthcheck, command = [], entrypoint = [] } = service as Words;
    for (const word of [...(healthcheck?.test ?? []), ...command, ...entrypoint]) {
      expect(typeof word).toBe('string');
    }
  });
});
