import type { projectAddress } from './projectAddress.ts';

type Address = Readonly<Record<keyof typeof projectAddress, string>>;

export interface Project extends Address {
  readonly version: string;
}

/** What of a file says where the project is, or which version this is, and the text that says it now. */
interface Follower {
  readonly files: readonly string[];
  follow(text: string, project: Project): string;
}

const alerts = [
  'alerts',
  ...['deliveries', 'endpoints', 'kafka', 'stream', 'workers'].map((part) => `alerts.${part}.test`),
];
const overlays = ['example', 'example-console', 'example-kafka', 'example-setup'];
const charted = overlays;
const chart = 'deploy/helm/notify-on-delivery';

/** A file that is not there has nothing to say. */
export const followers: readonly Follower[] = [
  { files: ['package.json'], follow: writePackageFields },
  { files: alerts.map((name) => `deploy/prometheus/${name}.yml`), follow: writeRunbookUrls },
  {
    files: overlays.map((name) => `deploy/kubernetes/${name}/kustomization.yaml`),
    follow: (text, project) => writeTag(writeImage(text, project), project),
  },
  {
    files: [`${chart}/Chart.yaml`],
    follow: (text, project) => writeVersions(writeHome(text, project), project),
  },
  {
    files: charted.map((name) => `deploy/helm/examples/${name}.yaml`),
    follow: (text, project) => writeTag(writeImage(text, project), project),
  },
  { files: ['deploy/deb/nfpm.yaml'], follow: writeHome },
  { files: ['Dockerfile'], follow: writeSource },
  { files: ['SECURITY.md', '.github/ISSUE_TEMPLATE/config.yml'], follow: writeLinks },
];

function writePackageFields(text: string, { repository }: Project): string {
  const fields = JSON.parse(text) as Record<string, unknown>;
  const own = {
    homepage: `${repository}#readme`,
    bugs: { url: `${repository}/issues` },
    repository: { type: 'git', url: `git+${repository}.git` },
  };
  const entries = Object.entries(fields).filter(([name]) => !Object.hasOwn(own, name));
  const after = entries.findIndex(([name]) => name === 'description') + 1;
  const all = [...entries.slice(0, after), ...Object.entries(own), ...entries.slice(after)];
  return `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`;
}

/** Beside `runbook`, the page within an installation, the same page for those who read an alert in a browser. */
function writeRunbookUrls(text: string, { repository }: Project): string {
  return text.replaceAll(
    /^( *)runbook: (\S+)(?:\n *runbook_url: \S+)?$/gm,
    (_, indent: string, page: string) =>
      `${indent}runbook: ${page}\n${indent}runbook_url: ${repository}/blob/main/${page}`,
  );
}

function writeImage(text: string, { image }: Project): string {
  return text.replaceAll(/^( *(?:- name|newName|repository): )[^\s/]+(?:\/\S+)+$/gm, `$1${image}`);
}

function writeTag(text: string, { version }: Project): string {
  return text.replaceAll(/^( *(?:newTag|tag): ).*?(-kafka)?$/gm, `$1${version}$2`);
}

function writeVersions(text: string, { version }: Project): string {
  return text
    .replaceAll(/^(version: ).*$/gm, `$1${version}`)
    .replaceAll(/^(appVersion: ).*$/gm, `$1${version}`);
}

function writeHome(text: string, { repository }: Project): string {
  return text.replaceAll(/^(home(?:page)?: )\S+$/gm, `$1${repository}`);
}

function writeSource(text: string, { repository }: Project): string {
  return text.replaceAll(/(org\.opencontainers\.image\.source=)"[^"]*"/g, `$1"${repository}"`);
}

function writeLinks(text: string, { repository }: Project): string {
  return text.replaceAll(/https:\/\/[^\s()<>]+?(?=\/(?:security|discussions|blob)\b)/g, repository);
}
