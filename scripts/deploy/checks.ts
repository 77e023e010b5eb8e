import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../config/packageRoot.ts';
import { aptInstall } from '../services/apt.ts';
import { cacheFolder } from '../services/cacheFolder.ts';
import { findProgram, isExecutable, runCommand } from '../services/command.ts';
import { findPrometheus } from '../services/prometheus.ts';

interface Check {
  readonly name: string;
  /** Given a folder to write to. What there is to say when all is well; throws when it is not. */
  run(scratch: string): Promise<string>;
}

const folder = join(packageRoot(), 'deploy');
const options = { timeoutMs: 300_000 };
/** systemd's own scale is 0 to 10; its programs write tenths as whole numbers. */
const greatestExposure = 15;
const kubernetesVersion = '1.31';
/** A cluster knows these from the Prometheus Operator and from KEDA only, and so do schemas. */
const foreignKinds = /^kind: (?:ServiceMonitor|ScaledObject)$/m;

export const checks: readonly Check[] = [
  {
    name: 'Prometheus rules',
    async run() {
      const promtool = await findPrometheus('promtool');
      const inFolder = { ...options, cwd: join(folder, 'prometheus') };
      await runCommand(promtool, ['check', 'rules', 'alerts.yml'], inFolder);
      const files = await readdir(inFolder.cwd);
      const tests = files.filter((file) => file.endsWith('.test.yml'));
      await runCommand(promtool, ['test', 'rules', ...tests], inFolder);
      return `${tests.length} files of tests passed`;
    },
  },
  ...[
    'notify-on-delivery.service',
    'notify-on-delivery@.service',
    'notify-on-delivery-console.service',
  ].map((name) => ({
    name: `systemd unit ${name}`,
    async run(scratch: string) {
      const analyze = await findSystemdAnalyze();
      const text = await readFile(join(folder, 'systemd', name), 'utf8');
      const unit = join(scratch, name);
      await writeFile(unit, text.replace('/usr/bin/node', process.execPath));
      // A misspelt setting is only warned of, with exit code 0.
      const verify = '"$0" --man=no verify "$1" 2>&1';
      const warnings = await runCommand('sh', ['-c', verify, analyze, unit], options);
      if (warnings !== '') throw new Error(warnings);
      const security = ['--offline=true', `--threshold=${greatestExposure}`, '--no-pager'];
      const table = await runCommand(analyze, ['security', ...security, unit], options);
      return table.trim().split('\n').at(-1) ?? '';
    },
  })),
  ...['base', 'example', 'example-kafka', 'example-console'].map((name) => ({
    name: `Kubernetes ${name}`,
    async run(scratch: string) {
      const rendered = await kustomize(join(folder, 'kubernetes', name));
      const own = rendered.split(/^---\n/m).filter((text) => !foreignKinds.test(text));
      const file = join(scratch, `${name}.yaml`);
      await writeFile(file, own.join('---\n'));
      const args = ['--strict', '-k', kubernetesVersion, file];
      await runCommand(await findKubernetesValidate(), args, options);
      return `${own.length} resources of Kubernetes ${kubernetesVersion}`;
    },
  })),
];

async function findSystemdAnalyze(): Promise<string> {
  const find = async (): Promise<string | null> => await findProgram(['systemd-analyze']);
  const advice = 'systemd-analyze was not found (Debian and Ubuntu: apt-get install systemd).';
  if ((await find()) === null) await aptInstall(['systemd'], advice);
  const program = await find();
  if (program === null) throw new Error(advice);
  return program;
}

const kustomizeModule = 'sigs.k8s.io/kustomize/kustomize/v5@v5.8.2';

/** Renders by kustomize, by kubectl, which contains it, or by Go's tool, which builds it. */
async function kustomize(path: string): Promise<string> {
  const program = await findProgram(['kustomize', 'kubectl', 'go']);
  if (program === null) throw new Error('None of kustomize, kubectl and go was found.');
  const isKubectl = program.endsWith('kubectl');
  const isGo = program.endsWith('go');
  const args = isKubectl ? ['kustomize'] : isGo ? ['run', kustomizeModule, 'build'] : ['build'];
  return await runCommand(program, [...args, path], options);
}

/** It brings the schemas of Kubernetes along, so that no cluster is needed. */
const validateVersion = '1.37.0';

/** The program, installed with Python's own tools into the cache when it is not there. */
async function findKubernetesValidate(): Promise<string> {
  const environment = join(await cacheFolder(), `kubernetes-validate-${validateVersion}`);
  const program = join(environment, 'bin', 'kubernetes-validate');
  if (await isExecutable(program)) return program;
  const python = await findProgram(['python3']);
  if (python === null) throw new Error('Python 3 was not found; kubernetes-validate needs it.');
  process.stderr.write(`Installing kubernetes-validate ${validateVersion} (once) …\n`);
  await runCommand(python, ['-m', 'venv', '--clear', environment], options);
  await runCommand(
    join(environment, 'bin', 'pip'),
    ['install', '--quiet', `kubernetes-validate==${validateVersion}`],
    options,
  );
  return program;
}
