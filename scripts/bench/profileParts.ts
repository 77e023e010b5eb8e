import { selfUsOf, type CpuProfile, type ProfileNode } from './profile.ts';
import { figure, table, whole } from './text.ts';

const parts = {
  all: 'all',
  idle: 'idle',
  http: "the HTTP call: Node's client, sockets and streams, got, src/http",
  mongo: 'MongoDB: the driver, BSON, its sockets, src/mongo',
  gc: 'garbage collection',
  pipeline: 'the pipeline: src/source to src/endpoints, src/domain',
  log: 'the log and the metrics',
  mysql: 'MySQL: the driver, src/mysql',
  native: 'native code outside of all functions',
  other: 'everything else',
} as const;

type Part = keyof typeof parts;

/** By their own names: V8's, which have no file. */
const byName: Readonly<Record<string, Part | 'idle'>> = {
  '(idle)': 'idle',
  '(garbage collector)': 'gc',
  '(program)': 'native',
};

/** The first that fits. What fits none, such as a stream or a promise, belongs to whom it works for. */
const byFile: readonly (readonly [RegExp, Part])[] = [
  [
    /\/dist\/src\/http\/|\/node_modules\/got\/|^node:(_http|internal\/http|_tls|dns|internal\/dns)/,
    'http',
  ],
  [/\/dist\/src\/mongo\/|\/node_modules\/(mongodb|bson)\//, 'mongo'],
  [/\/dist\/src\/mysql\/|\/node_modules\/mysql2\//, 'mysql'],
  [
    /\/dist\/src\/(observability\/|runtime\/logger)|\/node_modules\/(winston|logform|prom-client)\//,
    'log',
  ],
  [/\/dist\/src\/|\/node_modules\/(p-retry|lru-cache)\//, 'pipeline'],
  [/^node:internal\/(modules|bootstrap|main)/, 'other'],
];

function ownPart({ callFrame: { functionName, url } }: ProfileNode): Part | null {
  return byName[functionName] ?? byFile.find(([pattern]) => pattern.test(url))?.[1] ?? null;
}

/** Microseconds by part. */
export type Shares = ReadonlyMap<Part, number>;

/**
 * Without the idle time. The time of a function that works for many belongs to the part that has called it. Where none
 * has, as when a socket becomes readable, it is divided as the time of what it has called.
 */
export function sharesOf(profile: CpuProfile): Shares {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const selfUs = selfUsOf(profile);
  const withAllBelow = (id: number, caller: Part | null): Map<Part, number> => {
    const node = nodes.get(id);
    const part = (node && ownPart(node)) ?? caller;
    const all = new Map<Part, number>();
    const add = ([each, us]: readonly [Part, number]): void =>
      void all.set(each, (all.get(each) ?? 0) + us);
    for (const child of node?.children ?? []) [...withAllBelow(child, part)].forEach(add);
    divided(selfUs.get(id) ?? 0, part, all).forEach(add);
    return all;
  };
  const shares = withAllBelow(profile.nodes[0]?.id ?? 0, null);
  shares.delete('idle');
  return shares;
}

function divided(
  us: number,
  part: Part | null,
  like: Shares,
): readonly (readonly [Part, number])[] {
  if (part !== null) return [[part, us]];
  const all = sumOf(like);
  return all === 0 ? [['other', us]] : [...like].map(([each, its]) => [each, (us * its) / all]);
}

function sumOf(shares: Shares): number {
  return [...shares.values()].reduce((all, us) => all + us, 0);
}

/** Largest first. */
export function sharesToText(profile: CpuProfile): string {
  const shares = sharesOf(profile);
  const { notifications = null, startTime, endTime } = profile;
  const busyUs = sumOf(shares);
  const lines = [...shares, ['all', busyUs] as const]
    .toSorted(([, one], [, other]) => one - other)
    .toReversed();
  const rows = lines.map(([part, us]) => [
    parts[part],
    `${figure((100 * us) / busyUs)} %`,
    whole(notifications && us / notifications),
  ]);
  const cores = figure(busyUs / (endTime - startTime));
  return [
    `${notifications === null ? '' : `${whole(notifications)} notifications, `}${cores} of a core`,
    table(['', 'share', 'µs each'], rows, 60),
  ].join('\n');
}
