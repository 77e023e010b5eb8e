import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { startMysql } from '../../scripts/services/mysql.ts';
import { startReplicaSet } from '../../scripts/services/replicaSet.ts';
import type { Services } from '../../scripts/services/startServices.ts';
import { createTeardown } from '../../src/runtime/teardown.ts';
import { createAuthority } from './certificates.ts';
import { createFirstUser } from './firstUser.ts';

const rootPassword = 'pass-word-of-root';

export interface GuardedServices extends Services {
  readonly caPath: string;
}

/**
 * Servers as careful people run them: MongoDB asks who one is, takes connections over TLS alone, and from those who
 * show a certificate; MySQL offers TLS. The URIs are those of users who may do everything.
 */
export async function startGuardedServices(): Promise<GuardedServices> {
  const teardown = createTeardown();
  try {
    const authority = await createAuthority();
    teardown.add('the certificates', authority.close);
    const names = 'IP:127.0.0.1,DNS:localhost';
    const [server, client] = [await authority.issue(names), await authority.issue(names)];
    const keyFile = join(dirname(authority.caPath), 'members');
    await writeFile(keyFile, 'keyOfTheMembers'.repeat(2), { mode: 0o400 });
    const { caPath } = authority;
    const clientOptions = { tls: true, tlsCAFile: caPath, tlsCertificateKeyFile: client.pemPath };
    const replicaSet = await startReplicaSet({
      clientOptions,
      args: [
        ...['--auth', `--keyFile=${keyFile}`, '--tlsMode=requireTLS', `--tlsCAFile=${caPath}`],
        `--tlsCertificateKeyFile=${server.pemPath}`,
      ],
    });
    teardown.add('MongoDB', replicaSet.close);
    const tls = new URLSearchParams(
      Object.entries(clientOptions).map(([key, value]): [string, string] => [key, String(value)]),
    );
    const uri = `${replicaSet.uri}&${tls.toString()}`;
    await createFirstUser(uri, rootPassword);
    const mysql = await startMysql({
      args: [`--ssl-cert=${server.certPath}`, `--ssl-key=${server.keyPath}`, `--ssl-ca=${caPath}`],
    });
    teardown.add('MySQL', mysql.close);
    return {
      mongodbUri: uri.replace('://', `://root:${rootPassword}@`),
      mysqlUri: mysql.uri,
      caPath,
      stop: async () => await teardown.run(),
    };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}
