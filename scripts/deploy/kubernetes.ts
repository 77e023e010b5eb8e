import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '../../config/packageRoot.ts';
import { findProgram, runCommand } from '../services/command.ts';
import { helm } from './helm.ts';

const options = { timeoutMs: 600_000 };
const folder = join(packageRoot(), 'deploy');
const chart = join(folder, 'helm', 'notify-on-delivery');

const kustomizeModule = 'sigs.k8s.io/kustomize/kustomize/v5@v5.8.2';
export const kubernetesVersion = '1.31';

/** By kustomize, by kubectl, which contains it, or by Go's tool, which builds it. */
export async function renderKustomize(name: string): Promise<string> {
  const program = await findProgram(['kustomize', 'kubectl', 'go']);
  if (program === null) throw new Error('None of kustomize, kubectl and go was found.');
  const isKubectl = program.endsWith('kubectl');
  const isGo = program.endsWith('go');
  const args = isKubectl ? ['kustomize'] : isGo ? ['run', kustomizeModule, 'build'] : ['build'];
  return await runCommand(program, [...args, join(folder, 'kubernetes', name)], options);
}

/** Throws with what Helm finds wrong with the chart. */
export async function lintChart(): Promise<void> {
  await helm('lint', '--strict', chart);
}

/** The chart with the values of these examples, later ones over earlier ones. */
export async function renderChart(examples: readonly string[]): Promise<string> {
  const files = examples.flatMap((name) => [
    '--values',
    join(folder, 'helm', 'examples', `${name}.yaml`),
  ]);
  const where = ['--namespace', 'messaging', '--kube-version', kubernetesVersion];
  return await helm('template', 'notify-on-delivery', chart, ...where, ...files);
}

type Objects = ReadonlyMap<string, unknown>;

/** Says which objects differ between what kustomize and Helm have rendered; empty if none. */
export function differences(kustomized: string, charted: string): readonly string[] {
  const [ours, theirs] = [objectsIn(kustomized), objectsIn(charted)];
  const keys = [...new Set([...ours.keys(), ...theirs.keys()])];
  return keys.filter((key) => sorted(ours.get(key)) !== sorted(theirs.get(key)));
}

/**
 * By kind and name, without what each tool adds in its own way: kustomize a namespace and the hash of the settings in a
 * name, Helm the hash in an annotation.
 */
function objectsIn(text: string): Objects {
  const hash = /^name: notify-on-delivery(-\w{10})$/m;
  const [, suffix = ''] =
    hash.exec(text.replaceAll(/^ +/gm, '').replaceAll(/^- (?=name)/gm, '')) ?? [];
  const plain = suffix === '' ? text : text.replaceAll(suffix, '');
  // As Kubernetes reads YAML: 0440 is octal.
  const documents = parseAllDocuments(plain, { version: '1.1' }).map(
    (each) => each.toJS() as KubernetesObject | null,
  );
  return new Map(
    documents.flatMap((each) => {
      if (each === null) return [];
      const { namespace: _, ...metadata } = each.metadata;
      return [[`${each.kind} ${each.metadata.name}`, { ...each, metadata }] as const];
    }),
  );
}

interface KubernetesObject {
  readonly kind: string;
  readonly metadata: Readonly<{ name: string; namespace?: string }>;
}

/** As JSON whose keys are in order. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (key, each: unknown) => {
    if (key === 'annotations') return undefined;
    const isObject = typeof each === 'object' && each !== null && !Array.isArray(each);
    return isObject ? Object.fromEntries(Object.entries(each).sort(byKey)) : each;
  });
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
