import { readFileSync } from 'node:fs';
import type { RouteLookup } from '../../src/domain/route.ts';
import { aWebhook } from './builders.ts';
import type { World } from './world.ts';

/** The routes by their names in the table. */
export const namedRoutes = {
  unknown: { kind: 'unknown' },
  'not opted in': { kind: 'notOptedIn' },
  'no default webhook': { kind: 'missing', reason: 'no_default_webhook' },
  'flow disabled': { kind: 'missing', reason: 'flow_webhook_disabled' },
  'invalid webhook': { kind: 'unusable', webhookId: 7, displayUrl: null, problem: 'no URL' },
  webhook: { kind: 'open', webhook: aWebhook() },
} as const satisfies Readonly<Record<string, RouteLookup>>;
export type RouteName = keyof typeof namedRoutes;
export const routeNames = Object.keys(namedRoutes) as readonly RouteName[];

type ConditionName = 'unusable' | 'accepted' | 'stale' | 'disabled' | 'expired';
export type Conditions = ReadonlySet<ConditionName>;

interface Line {
  readonly routes: readonly string[];
  readonly condition: string;
  readonly decision: string;
  /** Which webhook the record names. */
  readonly webhook: string;
}

/** The table of decisions in the documentation. */
export function decisionTable(): readonly Line[] {
  const page = readFileSync(new URL('../../docs/delivery-semantics.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('\n## When a notification is sent\n');
  const [, ...lines] = (section.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| -'));
  return lines.map((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const [, route = '', condition = '', decision = '', webhook = ''] = cells;
    return { routes: route.split(', '), condition, decision, webhook };
  });
}

/** Its first line that applies. */
export function lineFor(route: RouteName, conditions: Conditions): Line {
  const held: ReadonlySet<string> = conditions;
  const found = decisionTable().find(
    ({ routes, condition }) =>
      (routes.includes('any') || routes.includes(route)) &&
      (condition === '' || held.has(condition)),
  );
  if (found === undefined) throw new Error(`no line applies to ${route}`);
  return found;
}

/** Every combination of these. */
export function combinationsOf(names: readonly ConditionName[]): readonly Conditions[] {
  return names.reduce<readonly Conditions[]>(
    (all, name) => all.flatMap((each) => [each, new Set([...each, name])]),
    [new Set()],
  );
}

/** A combination in words. */
export function wordsOf(conditions: Conditions): string {
  return [...conditions].join(', ');
}

/** What became of the one status of a world: the decision in the table's words, and the webhook its record names. */
export function outcomeIn({ sender, database, retries, metrics }: World): readonly unknown[] {
  const record = database.endings[0]?.record ?? null;
  if (sender.sent.length > 0) return ['notify', record?.webhookId];
  if (record !== null) {
    const { state, reason, webhookId } = record;
    return [`\`${state}\` / \`${reason}\``, ...(webhookId === undefined ? [] : [webhookId])];
  }
  if (retries.rows.size > 0) return ['look up again later'];
  return metrics.reported.map(([, reason]) => `ignore: \`${String(reason)}\``);
}
