import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { settingEntries } from '../../../config/schema.ts';
import { configOf } from './loading.ts';

describe('the schema', () => {
  it.each(settingEntries)('%s has a default that can be written', (_name, setting) => {
    const text = setting.default ?? setting.sample;
    expect(
      text === undefined ? setting.sameAs : setting.parser.safeParse(text).success,
    ).toBeTruthy();
    expect(setting.parser.description).toBeTruthy();
  });

  it('makes a .env.example that works as it is, and with its defaults uncommented', () => {
    const example = readFileSync(join(packageRoot(), '.env.example'), 'utf8');
    const uncommented = example.replaceAll(/^#(?=[A-Z])/gm, '');
    expect(configOf(parseEnv(uncommented))).toEqual(configOf(parseEnv(example)));
    for (const [name] of settingEntries) expect(parseEnv(uncommented)).toHaveProperty(name);
  });
});
