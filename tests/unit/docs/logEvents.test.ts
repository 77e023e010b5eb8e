import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { eventSentences } from '../../../src/observability/eventSentences.ts';

const root = packageRoot();
const levels = ['error', 'warn', 'info', 'debug'] as const;

/** Of the union that types what a logger may be given: the compiler refuses any other. */
function allowedEvents(): readonly string[] {
  const source = readFileSync(join(root, 'src/runtime/logger.ts'), 'utf8');
  const union = /export type LogEvent =(?<members>[^;]+);/.exec(source)?.groups?.['members'] ?? '';
  return [...union.matchAll(/'(?<event>\w+)'/g)].map(({ groups }) => groups?.['event'] ?? '');
}

/** The sources in which events are logged, without the two that only list them. */
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name))
  .filter((name) => !/^(?:runtime\/logger|observability\/eventSentences)\.ts$/.test(name))
  .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
  // An event named after its component stands for the events of both components.
  .map((source) =>
    source.replaceAll(/`(\w*)\$\{component\}(\w*)`/g, "'$1mongodb$2' ?? '$1mysql$2'"),
  );

/** The levels at which a call of a logger names an event itself. */
function levelsInCalls(): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  const calls = /\.(?<level>error|warn|info|debug)\(\s*(?<what>[^,;{]*?'\w+'[^,;{]*?)\s*[,)]/g;
  for (const { groups } of sources.flatMap((source) => [...source.matchAll(calls)])) {
    for (const [, event = ''] of (groups?.['what'] ?? '').matchAll(/'(\w+)'/g)) {
      found.set(event, (found.get(event) ?? new Set()).add(groups?.['level'] ?? ''));
    }
  }
  return found;
}

interface Row {
  readonly events: readonly string[];
  readonly levels: readonly string[];
  readonly advice: string;
}

function documented(): readonly Row[] {
  const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  const [, section = ''] = page.split('\n## Log events\n');
  return (
    section
      .split('\n## ')[0]
      ?.split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => {
        const [, events = '', level = '', advice = ''] = line.split('|');
        return {
          events: [...events.matchAll(/`(\w+)`/g)].map(([, event = '']) => event),
          levels: levels.filter((each) => level.includes(each)),
          advice: advice.trim(),
        };
      }) ?? []
  );
}

describe('the table of log events in the documentation', () => {
  const rows = documented();

  it('contains every logged event once, and no other', () => {
    const events = rows.flatMap((row) => row.events);
    expect(events.toSorted()).toEqual(allowedEvents().toSorted());
    expect(rows.filter(({ advice }) => advice.length < 10)).toEqual([]);
  });

  it('contains only events that are logged', () => {
    const text = sources.join('\n');
    expect(allowedEvents().length).toBeGreaterThan(40);
    expect(allowedEvents().filter((event) => !text.includes(`'${event}'`))).toEqual([]);
  });

  it('shows the levels at which each event is logged', () => {
    const calls = levelsInCalls();
    expect(calls.size).toBeGreaterThan(30);
    const wrong = rows.flatMap(({ events, levels: said }) =>
      events
        .filter((event) =>
          [...(calls.get(event) ?? [])].some((level) => !said.some((each) => each === level)),
        )
        .map((event) => [event, ...(calls.get(event) ?? [])]),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the sentences of log events', () => {
  it('exist once for each event, without a full stop, and for no other', () => {
    expect(Object.keys(eventSentences).toSorted()).toEqual(allowedEvents().toSorted());
    const sentences = Object.values(eventSentences);
    expect(sentences.filter((sentence) => !/^[A-Z].*[^.:;,]$/.test(sentence))).toEqual([]);
    expect(new Set(sentences).size).toBe(sentences.length);
  });
});
