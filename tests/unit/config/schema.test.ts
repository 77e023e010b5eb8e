import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { settingEntries } from '../../../config/schema.ts';
import { configOf, required } from './loading.ts';

describe('the schema', () => {
  it.each(settingEntries)('%s has a valid default', (_name, setting) => {
    const text = setting.default ?? setting.sample;
    expect(
      text === undefined ? setting.sameAs : setting.parser.safeParse(text).success,
    ).toBeTruthy();
    expect(setting.parser.description).toBeTruthy();
  });

  it('gives every setting its own place in the configuration', () => {
    const keys = Object.entries(configOf(required)).flatMap(([section, fields]) =>
      Object.keys(fields).map((field) => `${section}.${field}`),
    );
    expect(keys).toEqual(settingEntries.map(([, { key }]) => key));
  });

  it('produces a .env.example that works unchanged, and with its defaults uncommented', () => {
    const example = readFileSync(join(packageRoot(), '.env.example'), 'utf8');
    const uncommented = example.replaceAll(/^#(?=[A-Z])/gm, '');
    expect(configOf(parseEnv(uncommented))).toEqual(configOf(parseEnv(example)));
    for (const [name] of settingEntries) expect(parseEnv(uncommented)).toHaveProperty(name);
  });
});
