import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../../config/loadConfig.ts';
import { packageRoot } from '../../../config/packageRoot.ts';
import { configOf, required } from './loading.ts';

describe('files of settings', () => {
  let folder = '';
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'config-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('are read from the disk', () => {
    const [ca = ''] = rootCertificates;
    const loaded = loadConfig({
      MONGODB_URI_FILE: file('mongodb-uri', `${required.MONGODB_URI}\n`),
      MYSQL_URI_FILE: file('mysql-uri', `\uFEFF${required.MYSQL_URI}\r\n`),
      MYSQL_ROUTE_QUERY_FILE: file('route.sql', 'SELECT 2;\n'),
      MYSQL_CA_FILE: file('ca.pem', `${ca}\n`),
    });
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        mongodb: { uri: required.MONGODB_URI },
        mysql: {
          uri: required.MYSQL_URI,
          routeQuery: { path: join(folder, 'route.sql'), text: 'SELECT 2;' },
          ca: { path: join(folder, 'ca.pem'), text: ca.trim() },
        },
      },
    });
  });

  it('are found from the working directory, only the default in the package', () => {
    const env = { ...required, MYSQL_ROUTE_QUERY_FILE: 'queries/route.sql' };
    expect(configOf(env).mysql.routeQuery.path).toBe(resolve('queries/route.sql'));
    const { path } = configOf(required).mysql.routeQuery;
    expect(isAbsolute(path) && path.startsWith(packageRoot())).toBe(true);
  });

  it('are a problem each when they are missing, a folder or empty', () => {
    const empty = file('empty', '\n');
    const env = {
      MONGODB_URI_FILE: join(folder, 'missing'),
      MYSQL_URI_FILE: folder,
      MYSQL_ROUTE_QUERY_FILE: empty,
      MYSQL_CA_FILE: file('key.pem', 'no certificate'),
    };
    const loaded = loadConfig(env);
    expect(loaded).toMatchObject({
      ok: false,
      problems: [
        {
          variable: 'MONGODB_URI_FILE',
          message: `names "${join(folder, 'missing')}", which can't be read (there is no such file)`,
        },
        {
          variable: 'MYSQL_URI_FILE',
          message: `names "${folder}", which can't be read (it is a folder)`,
        },
        { variable: 'MYSQL_ROUTE_QUERY_FILE', message: `names "${empty}", which is empty` },
        {
          variable: 'MYSQL_CA_FILE',
          message: expect.stringMatching(/no certificate in PEM form$/),
        },
      ],
    });
  });
});
