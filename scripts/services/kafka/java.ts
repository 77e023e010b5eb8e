import { findProgram, runCommand } from '../command.ts';
import { kafkaJars } from './jars.ts';

/** A program in Java: its executable, and what comes before the program's own arguments. */
interface JavaProgram {
  readonly program: string;
  readonly args: readonly string[];
}

/** They are started often and run briefly: no time goes into the second compiler, nor memory into parallel collection. */
const quickStart = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/** @param jars folders of jars, by default those of `kafkaJars` */
export async function javaProgram(
  mainClass: string,
  {
    heapMb,
    jars,
    logLevel = 'INFO',
  }: Readonly<{ heapMb: number; jars?: readonly string[]; logLevel?: 'INFO' | 'WARN' | 'OFF' }>,
): Promise<JavaProgram> {
  const program = await findProgram(['java']);
  if (program === null) {
    throw new Error(
      'Kafka needs Java 17 or newer: install it so that java is on PATH ' +
        '(Debian and Ubuntu: apt-get install openjdk-17-jre-headless).',
    );
  }
  const folders = jars ?? [await kafkaJars()];
  const classPath = folders.map((folder) => `${folder}/*`).join(':');
  const settings = [`-Xmx${heapMb}m`, `-Dlog4j2.level=${logLevel}`];
  return { program, args: [...quickStart, ...settings, '-cp', classPath, mainClass] };
}

/** Runs one of Kafka's own tools, such as `org.apache.kafka.tools.AclCommand`; gives what it printed. */
export async function runKafkaTool(mainClass: string, args: readonly string[]): Promise<string> {
  const java = await javaProgram(mainClass, { heapMb: 128, logLevel: 'OFF' });
  return await runCommand(java.program, [...java.args, ...args], { timeoutMs: 60_000 });
}
