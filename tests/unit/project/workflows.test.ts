import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { OLDEST_NODE } from '../../../src/runtime/nodeVersion.ts';
import { readProjectFile, readYaml } from '../../support/deployFiles.ts';

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
}

interface Job {
  readonly strategy?: { readonly matrix: { readonly include?: readonly Item[] } };
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly Step[];
}

interface Item {
  readonly name: string;
  readonly node: number;
  readonly minutes: number;
  readonly run: string;
}

interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflowFiles = readdirSync(join(packageRoot(), '.github/workflows')).map(
  (name) => `.github/workflows/${name}`,
);

/** The steps and suites of .ci/run, with the shell text up to the next one. */
function stepsOfRun(): readonly (readonly [name: string, seconds: number, command: string])[] {
  const found = readProjectFile('.ci/run').matchAll(
    /^ *(?:step|suite) ([a-z][\w-]*) (\d+) (.*(?:\n {2}.*)*)/gm,
  );
  return [...found].map(([, name = '', seconds = '', command = '']) => [
    name,
    Number(seconds),
    command,
  ]);
}

/** `npm test`, or `npm run` and the script's name. */
function npmCommands(command: string): readonly string[] {
  const found = command.replaceAll('--silent ', '').matchAll(/npm (?:ci|test|run [\w:-]+)/g);
  return [...found].map(([text]) => text);
}

const ci = readYaml('.github/workflows/ci.yml') as Workflow;
const steps = Object.values(ci.jobs).flatMap((job) => job.steps);
const items = Object.values(ci.jobs).flatMap((job) => job.strategy?.matrix.include ?? []);

function runsOf(name: string): readonly Pick<Item, 'run'>[] {
  const single = steps.filter((step) => step.name === name && step.run !== undefined);
  const ofMatrix = items.filter((item) => item.name === name);
  return [...ofMatrix, ...single.map(({ run = '' }) => ({ run }))];
}

describe('.github/workflows/ci.yml', () => {
  const expected = stepsOfRun();
  const jobs = expected.filter(([name]) => name !== 'node26');

  it('is compared with all of .ci/run', () => {
    expect(expected.map(([name]) => name)).toEqual(
      expect.arrayContaining(['install', 'gates', 'tests', 'demo', 'faults', 'tests-on-node26']),
    );
    expect(expected).toHaveLength(
      [...readProjectFile('.ci/run').matchAll(/^ *(?:step|suite) [a-z]/gm)].length,
    );
  });

  it.each(jobs)('runs %s', (name, _seconds, command) => {
    const [first] = runsOf(name);
    expect(first).toBeDefined();
    const run = first?.run.replaceAll('--silent ', '') ?? '';
    for (const each of npmCommands(command)) expect(`${run} `).toContain(`${each} `);
    for (const [only] of command.matchAll(/--only [\w-]+/g)) expect(run).toContain(only);
    expect(npmCommands(command).length + Number(name === 'kafka-client')).toBeGreaterThan(0);
  });

  it.each(jobs)('gives %s no less time than there', (name, seconds) => {
    const minutes = items.filter((item) => item.name === name).map((item) => item.minutes);
    for (const each of minutes) expect(each * 60).toBeGreaterThanOrEqual(seconds);
  });

  it('does so on the oldest Node that is supported, and on that of node26', () => {
    const [, newer] = /node-linux-.*@(\d+)\./.exec(readProjectFile('.ci/run')) ?? [];
    expect(new Set(items.map(({ node }) => node))).toEqual(new Set([OLDEST_NODE, Number(newer)]));
    const onNewer = items.filter(({ node }) => node === Number(newer)).map(({ name }) => name);
    expect(onNewer).toContain('tests-on-node26');
    expect(readProjectFile('.nvmrc')).toBe(`${OLDEST_NODE}\n`);
  });

  it('names existing scripts', () => {
    const { scripts } = JSON.parse(readProjectFile('package.json')) as {
      scripts: Readonly<Record<string, string>>;
    };
    const named = [...items, ...steps].flatMap(({ run = '' }) =>
      [...run.matchAll(/^npm run (?:--silent )?([\w:-]+)/gm)].map(([, script = '']) => script),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
  });
});

describe.each(workflowFiles)('%s', (file) => {
  const workflow = readYaml(file) as Workflow;

  it('may only read, unless a job says otherwise', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
  });

  it('pins each action to a commit, with the version for readers', () => {
    const uses = [...readProjectFile(file).matchAll(/^ *(?:- )?uses: (.*)$/gm)];
    expect(uses.length).toBeGreaterThan(0);
    for (const [, action] of uses) {
      expect(action).toMatch(/^[\w-]+(?:\/[\w-]+)+@[\da-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  it('ends every job that hangs', () => {
    const limits = Object.values(workflow.jobs).map((job) => job['timeout-minutes']);
    expect(limits).not.toContain(undefined);
  });
});

describe('the forms', () => {
  const forms = ['bug', 'request'].map((name) => `.github/ISSUE_TEMPLATE/${name}.yml`);

  it.each(forms)('%s is one that GitHub can show', (file) => {
    const { name, description, body } = readYaml(file) as {
      name: string;
      description: string;
      body: readonly Readonly<Record<string, unknown>>[];
    };
    expect([name, description]).toEqual([expect.any(String), expect.any(String)]);
    const ids = body.filter(({ type }) => type !== 'markdown').map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { type, attributes } of body) {
      expect(['markdown', 'textarea', 'input', 'dropdown', 'checkboxes']).toContain(type);
      const needed = type === 'markdown' ? 'value' : 'label';
      expect(attributes).toHaveProperty(needed, expect.any(String));
    }
  });
});

describe('dependabot', () => {
  it('looks at folders that have what it updates', () => {
    const { updates } = readYaml('.github/dependabot.yml') as {
      updates: readonly Readonly<{
        'package-ecosystem': string;
        directory?: string;
        directories?: readonly string[];
      }>[];
    };
    const marks: Readonly<Record<string, string>> = {
      npm: 'package-lock.json',
      docker: 'Dockerfile',
      'docker-compose': 'compose.yaml',
      'github-actions': '.github/workflows',
    };
    const missing = updates.flatMap((update) =>
      (update.directories ?? [update.directory ?? '']).filter((folder) => {
        const there = readdirSync(join(packageRoot(), folder));
        const mark = marks[update['package-ecosystem']]?.split('/')[0] ?? 'nothing';
        return !there.includes(mark);
      }),
    );
    expect(missing).toEqual([]);
  });
});
