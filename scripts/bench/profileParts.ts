import { selfUsOf, type CpuProfile, type ProfileNode } from './profile.ts';
import { figure, table, whole } from './text.ts';

const parts = {
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

/** V8's own nodes, which have no file, by name. */
const byName: ReadonlyMap<string, Part> = new Map([
  ['(idle)', 'idle'],
  ['(garbage collector)', 'gc'],
  ['(program)', 'native'],
]);

/** The first match counts. What matches none, such as a stream or a promise, belongs to the part that uses it. */
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
  return byName.get(functionName) ?? byFile.find(([pattern]) => pattern.test(url))?.[1] ?? null;
}

/** A function's self time, for one part. */
interface Spent {
  readonly part: Part;
  readonly node: ProfileNode;
  readonly us: number;
}

/**
 * Excludes idle time. The time of a function that many parts use belongs to the part that called it. If none did, as
 * when a socket becomes readable, it is divided in proportion to the time of the functions it called.
 */
export function spentIn(profile: CpuProfile): readonly Spent[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const selfUs = selfUsOf(profile);
  const withAllBelow = (id: number, caller: Part | null): readonly Spent[] => {
    const node = nodes.get(id);
    if (node === undefined) return [];
    const part = ownPart(node) ?? caller;
    const below = (node.children ?? []).flatMap((child) => withAllBelow(child, part));
    const own = divided(
      selfUs.get(id) ?? 0,
      part,
      sumsOf(below, (each) => each.part),
    );
    return [...below, ...own.map(([each, us]) => ({ part: each, node, us }))];
  };
  const all = withAllBelow(profile.nodes[0]?.id ?? 0, null);
  return all.filter(({ part, us }) => part !== 'idle' && us > 0);
}

function divided(
  us: number,
  part: Part | null,
  like: ReadonlyMap<Part, number>,
): readonly (readonly [Part, number])[] {
  if (part !== null) return [[part, us]];
  const all = [...like.values()].reduce((sum, each) => sum + each, 0);
  return all === 0 ? [['other', us]] : [...like].map(([each, its]) => [each, (us * its) / all]);
}

/** Largest first. */
export function sumsOf<Key>(
  spent: readonly Spent[],
  keyOf: (each: Spent) => Key,
): ReadonlyMap<Key, number> {
  const sums = new Map<Key, number>();
  for (const each of spent) sums.set(keyOf(each), (sums.get(keyOf(each)) ?? 0) + each.us);
  return new Map([...sums].toSorted(([, one], [, other]) => other - one));
}

const HOTTEST = 20;

/** The parts, and the functions with the most self time. */
export function profileToText(profile: CpuProfile): string {
  const { notifications = null, startTime, endTime } = profile;
  const spent = spentIn(profile);
  const busyUs = spent.reduce((sum, { us }) => sum + us, 0);
  const functions = [...sumsOf(spent, ({ part, node }) => `${part}  ${nameOf(node)}`)];
  const rows = [
    ['all', busyUs] as const,
    ...[...sumsOf(spent, ({ part }) => parts[part])],
    ['functions:', null] as const,
    ...functions.slice(0, HOTTEST),
  ].map(([what, us]) => [
    what,
    us === null ? '' : `${figure((100 * us) / busyUs)} %`,
    us === null ? '' : figure(notifications && us / notifications),
  ]);
  const cores = figure(busyUs / (endTime - startTime));
  return [
    `${notifications === null ? '' : `${whole(notifications)} notifications, `}${cores} of a core`,
    table(['', 'share', 'µs each'], rows, 64),
  ].join('\n');
}

/** With the last two parts of its file's path. */
function nameOf({ callFrame: { functionName, url } }: ProfileNode): string {
  const name = `${functionName} ${url.split('/').slice(-2).join('/')}`.trim();
  return name.length <= 54 ? name : `${name.slice(0, 53)}…`;
}
