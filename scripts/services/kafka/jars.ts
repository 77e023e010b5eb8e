import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from '../cacheFolder.ts';
import { findProgram, runCommand } from '../command.ts';

const pom = fileURLToPath(new URL('pom.xml', import.meta.url));

const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

/**
 * The folder with the jars of broker, Connect, MongoDB's connector and Kafka's tools, in the versions of `pom.xml`.
 * Throws one sentence that says what to install.
 */
export async function kafkaJars(): Promise<string> {
  return await jarsOf(pom);
}

/** @param file a POM: what it depends on, and what that needs to run */
export async function jarsOf(file: string): Promise<string> {
  const version = createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 16);
  return await cached(`kafka-jars-${version}`, async (scratch) => {
    if ((await findProgram(['mvn'])) === null) {
      throw new Error(
        'Fetching Kafka needs Maven: install it so that mvn is on PATH ' +
          '(Debian and Ubuntu: apt-get install maven).',
      );
    }
    process.stderr.write("Fetching Kafka's jars with mvn (once) …\n");
    const jars = join(scratch, 'jars');
    const goal = `${plugin}:copy-dependencies`;
    const options = ['-DincludeScope=runtime', `-DoutputDirectory=${jars}`];
    await runCommand('mvn', ['-q', '-B', '-f', file, goal, ...options], { timeoutMs: 600_000 });
    return jars;
  });
}
