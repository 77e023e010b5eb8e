import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../config/packageRoot.ts';
import { aptInstall } from '../services/apt.ts';
import { cacheFolder } from '../services/cacheFolder.ts';
import { findProgram, isExecutable, runCommand } from '../services/command.ts';
import { findPrometheus } from '../services/prometheus.ts';
import { checkCompose } from './compose.ts';
import {
  differences,
  kubernetesVersion,
  lintChart,
  renderChart,
  renderKustomize,
} from './kubernetes.ts';

interface Check {
  readonly name: string;
  /** Given a folder to write to. What there is to say when all is well; throws when it is not. */
  run(scratch: string): Promise<string>;
}

const folder = join(packageRoot(), 'deploy');
const options = { timeoutMs: 300_000 };
/** systemd's own scale is 0 to 10; its programs write tenths as whole numbers. */
const greatestExposure = 15;
/** A cluster knows these from the Prometheus Operator and from KEDA only, and so do schemas. */
const foreignKinds = /^kind: (?:ServiceMonitor|ScaledObject)$/m;

/** Values by which the chart makes the objects of an overlay. */
const examples = {
  example: ['example'],
  'example-kafka': ['example', 'example-kafka'],
  'example-console': ['example', 'example-console'],
  'example-setup': ['example', 'example-setup'],
} as const;

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
  ...['base', ...Object.keys(examples)].map((name) => ({
    name: `Kubernetes ${name}`,
    async run(scratch: string) {
      return await validate(await renderKustomize(name), join(scratch, `${name}.yaml`));
    },
  })),
  ...[['compose.yaml'], ['compose.yaml', 'compose.kafka.yaml']].map((files) => ({
    name: `Compose ${files.join(' with ')}`,
    async run() {
      await checkCompose(files);
      return 'nothing to say';
    },
  })),
  {
    name: 'Helm lint',
    async run() {
      await lintChart();
      return 'nothing to say';
    },
  },
  ...Object.entries(examples).map(([name, values]) => ({
    name: `Helm ${name}`,
    async run(scratch: string) {
      const charted = await renderChart(values);
      const different = differences(await renderKustomize(name), charted);
      if (different.length > 0) throw new Error(`not as by kustomize: ${different.join(', ')}`);
      return await validate(charted, join(scratch, `helm-${name}.yaml`));
    },
  })),
];

async function validate(rendered: string, file: string): Promise<string> {
  const own = rendered.split(/^---\n/m).filter((text) => /^kind:/m.test(text));
  const known = own.filter((text) => !foreignKinds.test(text));
  await writeFile(file, known.join('---\n'));
  const args = ['--strict', '-k', kubernetesVersion, file];
  await runCommand(await findKubernetesValidate(), args, options);
  return `${known.length} resources of Kubernetes ${kubernetesVersion}`;
}

async function findSystemdAnalyze(): Promise<string> {
  const find = async (): Promise<string | null> => await findProgram(['systemd-analyze']);
  const advice = 'systemd-analyze was not found (Debian and Ubuntu: apt-get install systemd).';
  if ((await find()) === null) await aptInstall(['systemd'], advice);
  const program = await find();
  if (program === null) throw new Error(advice);
  return program;
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
