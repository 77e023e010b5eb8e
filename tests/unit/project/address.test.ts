import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { followers, type Project } from '../../../scripts/address/followers.ts';
import { followingPages } from '../../../scripts/address/followingPages.ts';
import { projectAddress } from '../../../scripts/address/projectAddress.ts';
import { readVersion } from '../../../src/installation.ts';
import { readAlertRules, readProjectFile } from '../../support/deployFiles.ts';

const now: Project = { ...projectAddress, version: readVersion() };
const moved: Project = {
  repository: 'https://git.acme.test/teams/statuses',
  image: 'images.acme.test:5000/teams/statuses',
  version: '98.76.54-rc.1',
};

function follow(name: string, text: string, project: Project): string {
  const its = followers.filter(({ files }) => files.includes(name));
  return its.reduce((before, each) => each.follow(before, project), text);
}

/** Text that people read or programs take; the code has no address. */
function filesOfProject(): readonly string[] {
  const own = (folder: string): readonly string[] =>
    readdirSync(join(packageRoot(), folder), { recursive: true, withFileTypes: true })
      .filter(
        (entry) => entry.isFile() && /\.(?:md|ya?ml|json|service)$|^Dockerfile$/.test(entry.name),
      )
      .map((entry) => join(entry.parentPath, entry.name).slice(packageRoot().length + 1));
  const root = readdirSync(packageRoot(), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
  return [...root, ...['.github', 'deploy', 'docs'].flatMap(own)];
}

describe('the address of the project', () => {
  const pages = followingPages(moved);
  const names = Object.keys(pages);

  it.each(names)('is followed by %s', (name) => {
    const text = pages[name] ?? '';
    expect(text).not.toContain(projectAddress.repository);
    expect(text).not.toContain(projectAddress.image);
  });

  it('is written to whatever needs one', () => {
    const written = names.filter((name) =>
      [moved.repository, moved.image].some((address) => pages[name]?.includes(address)),
    );
    expect(written).toEqual(
      expect.arrayContaining([
        'package.json',
        'deploy/prometheus/alerts.yml',
        'deploy/kubernetes/example/kustomization.yaml',
        'deploy/kubernetes/example-console/kustomization.yaml',
        'deploy/kubernetes/example-kafka/kustomization.yaml',
        'Dockerfile',
        'SECURITY.md',
        '.github/ISSUE_TEMPLATE/config.yml',
      ]),
    );
  });

  it.each(names)('can be set again in %s', (name) => {
    expect(follow(name, pages[name] ?? '', now)).toBe(readProjectFile(name));
  });

  it('is nowhere else', () => {
    const having = filesOfProject().filter((name) => {
      const text = readFileSync(join(packageRoot(), name), 'utf8');
      return Object.values(projectAddress).some((address) => text.includes(address));
    });
    expect(having).toContain('package.json');
    expect(having.filter((name) => !names.includes(name))).toEqual([]);
  });

  it('leads from each alert to its paragraph of the runbook', () => {
    const rules = readAlertRules();
    expect(rules.map(({ annotations }) => annotations.runbook_url)).toEqual(
      rules.map(
        ({ annotations: { runbook } }) => `${projectAddress.repository}/blob/main/${runbook}`,
      ),
    );
  });
});

describe('the version', () => {
  it('is that of the images in the overlays', () => {
    const kafka = 'deploy/kubernetes/example-kafka/kustomization.yaml';
    const plain = 'deploy/kubernetes/example/kustomization.yaml';
    expect(readProjectFile(plain)).toContain(`newTag: ${now.version}\n`);
    expect(readProjectFile(kafka)).toContain(`newTag: ${now.version}-kafka\n`);
    const pages = followingPages(moved);
    expect(pages[plain]).toContain('newTag: 98.76.54-rc.1\n');
    expect(pages[kafka]).toContain('newTag: 98.76.54-rc.1-kafka\n');
  });
});
