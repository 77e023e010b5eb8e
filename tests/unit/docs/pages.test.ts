import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { settingEntries } from '../../../config/schema.ts';
import { programForReading } from '../../../scripts/commandsPage.ts';

const root = packageRoot();
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  const words = heading.replaceAll(/[`*]|\[(?<text>[^\]]*)\]\([^)]*\)/g, '$<text>');
  return words
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsIn(text: string): readonly string[] {
  const prose = text.replaceAll(/```.*?```/gs, '');
  return [...prose.matchAll(/^#+ (?<heading>.*)$/gm)].map(({ groups }) =>
    anchorOf(groups?.['heading'] ?? ''),
  );
}

/** Node's, npm's, or of a shell. */
const others = new Set([
  // Of the wrapper, and of systemd.
  'NOTIFY_ON_DELIVERY_SETTINGS',
  'NOTIFY_SOCKET',
  'EXTEND_TIMEOUT_USEC',
  'NODE_EXTRA_CA_CERTS',
  'NODE_OPTIONS',
  'MONGOD_BINARY',
  'CHROMIUM_BINARY',
  'UV_THREADPOOL_SIZE',
  'LONG_TESTS',
  'TEST_SCALE',
  'UPDATE_SCREENSHOTS',
  'UPDATE_TRANSCRIPT',
  'TEST_MYSQL',
  'TEST_GUARDED',
  'TEST_HTTP_THREADS',
  // Of the examples for receivers.
  'WEBHOOK_SECRET',
  'WEBHOOK_TOLERANCE',
  // Of MySQL's ssl-mode.
  'VERIFY_CA',
  'VERIFY_IDENTITY',
  // A right in Kafka.
  'DESCRIBE_CONFIGS',
]);

describe.each(pages)('$name', ({ name, text }) => {
  it('links to existing pages and headings', () => {
    const prose = text.replaceAll(/```.*?```/gs, '');
    const broken = [...prose.matchAll(/\]\((?<target>[^)\s]+)\)/g)]
      .map(({ groups }) => groups?.['target'] ?? '')
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? join(root, name) : resolve(root, dirname(name), path);
        if (!existsSync(file)) return true;
        return anchor !== undefined && !anchorsIn(readFileSync(file, 'utf8')).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  it('names existing settings', () => {
    const known = new Set<string>(
      settingEntries.flatMap(([setting]) => [setting, `${setting}_FILE`]),
    );
    const named = [...text.matchAll(/`(?<setting>[A-Z][A-Z\d]*(?:_[A-Z\d]+)+)(?:=[^`]*)?`/g)].map(
      ({ groups }) => groups?.['setting'] ?? '',
    );
    const unknown = named.filter((setting) => !known.has(setting) && !others.has(setting));
    expect([...new Set(unknown)]).toEqual([]);
  });

  it('shows existing scripts and commands', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const run = [...text.matchAll(/npm run (?:--silent )?(?<script>[a-z][\w:-]*)/g)].map(
      ({ groups }) => groups?.['script'] ?? '',
    );
    expect(run.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
    const names = namesOfCommands();
    const shown = [
      ...text.matchAll(/npm run (?:--silent )?cli -- (?<command>[a-z]+(?: [a-z]+)?)/g),
    ];
    const unknown = shown
      .map(({ groups }) => groups?.['command'] ?? '')
      .filter((command) => !names.has(command) && !names.has(command.split(' ')[0] ?? ''));
    expect(unknown).toEqual([]);
  });
});

function namesOfCommands(): ReadonlySet<string> {
  return new Set(
    programForReading().commands.flatMap((each) => [
      each.name(),
      ...each.commands.map((below) => `${each.name()} ${below.name()}`),
    ]),
  );
}
