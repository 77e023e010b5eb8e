import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Identity {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** Both in one file, as MongoDB wants them. */
  readonly pemPath: string;
  readonly keyPath: string;
  readonly certPath: string;
}

/** A certificate authority made for a test and thrown away; nothing else trusts it. */
export interface Authority {
  readonly caPath: string;
  /** @param altNames as OpenSSL writes them: `IP:127.0.0.1,DNS:localhost` */
  issue(altNames: string, options?: IssueOptions): Promise<Identity>;
  close(): Promise<void>;
}

interface IssueOptions {
  /** Negative for a certificate that has expired. */
  readonly days?: number;
  /** Signed by itself instead. */
  readonly isSelfSigned?: boolean;
  /** Of a client; its name. */
  readonly commonName?: string;
}

const keyType = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export async function createAuthority(): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-tls-'));
  const [caPath, caKeyPath] = [join(folder, 'ca.pem'), join(folder, 'ca.key')];
  const files = ['-keyout', caKeyPath, '-out', caPath];
  await run('openssl', [
    'req',
    '-x509',
    ...keyType,
    '-days',
    '2',
    '-subj',
    '/CN=test CA',
    ...files,
  ]);
  let issued = 0;
  return {
    caPath,
    async issue(altNames, { days = 2, isSelfSigned = false, commonName = 'test' } = {}) {
      issued += 1;
      const path = (ending: string): string => join(folder, `${issued}.${ending}`);
      const [keyPath, certPath, pemPath] = [path('key'), path('crt'), path('pem')];
      const names = ['-subj', `/CN=${commonName}`, '-addext', `subjectAltName=${altNames}`];
      if (isSelfSigned) {
        const out = ['-keyout', keyPath, '-out', certPath];
        await run('openssl', ['req', '-x509', ...keyType, '-days', String(days), ...names, ...out]);
      } else {
        const out = ['-keyout', keyPath, '-out', path('csr')];
        await run('openssl', ['req', ...keyType, ...names, ...out]);
        const signing = ['-CA', caPath, '-CAkey', caKeyPath, '-copy_extensions', 'copy'];
        const times = ['-days', String(days), '-in', path('csr'), '-out', certPath];
        await run('openssl', ['x509', '-req', ...signing, ...times]);
      }
      const [key, cert] = [await readFile(keyPath), await readFile(certPath)];
      await run('sh', ['-c', 'cat "$0" "$1" >"$2"', keyPath, certPath, pemPath]);
      return { key, cert, pemPath, keyPath, certPath };
    },
    close: async () => await rm(folder, { recursive: true }),
  };
}
