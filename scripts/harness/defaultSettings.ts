import { settingEntries } from '../../config/schema.ts';

/** Every setting at its default, written out, so that no `.env` file has a say; on any free port. */
export function defaultSettings(): Readonly<Record<string, string>> {
  const defaults = settingEntries.flatMap(([name, setting]) => [
    [name, setting.default ?? ''],
    ...(setting.secret === true ? [[`${name}_FILE`, '']] : []),
  ]);
  return {
    ...(Object.fromEntries(defaults) as Record<string, string>),
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: '0',
  };
}
