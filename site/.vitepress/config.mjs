import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { projectAddress } from '../../scripts/address/projectAddress.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { repository } = projectAddress;

/** As GitHub makes it of a heading, which is how pages link to each other. */
function slugify(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** Links lead to the page's place in the site; to what is no page, such as a file in deploy/, into the repository. */
function linkFromSite(md) {
  md.core.ruler.push('link-from-site', ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null;
      if (href === null || /^(?:[a-z]+:|#)/.test(href)) continue;
      const [path, anchor] = href.split('#');
      const file = join(dirname(env.realPath ?? env.path), path);
      // What does not exist is left for the check of links.
      if (!existsSync(file)) continue;
      const place = placeOf(relative(root, file));
      token.attrSet('href', anchor === undefined ? place : `${place}#${anchor}`);
    }
  });
}

function placeOf(path) {
  if (path === 'README.md') return '/';
  if (/^(?:docs\/.*|[A-Z]+)\.md$/.test(path)) return `/${path.replace(/^docs\//, '')}`;
  return `${repository}/blob/main/${path}`;
}

/** Pages are above the folder that has Vue; the bundle that renders them runs below it, and finds it. */
const vueFromHere = {
  name: 'vue-from-here',
  enforce: 'pre',
  resolveId: (id, _importer, { ssr }) =>
    ssr && /^vue(?:\/|$)/.test(id) ? { id, external: true } : undefined,
};

const pages = (...entries) => entries.map(([text, link]) => ({ text, link: `/${link}` }));

function decisions() {
  const names = readdirSync(join(root, 'docs/decisions')).filter((name) => name.endsWith('.md'));
  return names.toSorted().map((name) => {
    const [heading] = readFileSync(join(root, 'docs/decisions', name), 'utf8').split('\n');
    return { text: heading.replace(/^# /, ''), link: `/decisions/${name.replace(/\.md$/, '')}` };
  });
}

export default defineConfig({
  srcDir: '..',
  srcExclude: ['!(docs)/**/*.md'],
  outDir: '.vitepress/dist',
  rewrites: { 'README.md': 'index.md', 'docs/:page*': ':page*' },
  title: 'notify-on-delivery',
  description:
    "Sends SMS delivery statuses from MongoDB to customers' webhooks, and records the answers.",
  cleanUrls: true,
  vite: { plugins: [vueFromHere] },
  markdown: { anchor: { slugify }, config: linkFromSite },
  transformPageData: ({ relativePath }) =>
    // For customers, to whom the other pages mean nothing.
    relativePath === 'receiving.md' ? { frontmatter: { sidebar: false, editLink: false } } : {},
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    externalLinkIcon: true,
    nav: pages(['Install', 'installing'], ['Operate', 'operations'], ['Receive', 'receiving']),
    editLink: { pattern: `${repository}/edit/main/:path` },
    sidebar: [
      { text: 'Overview', link: '/' },
      {
        text: 'Operate',
        items: pages(
          ['Installing', 'installing'],
          ['Configuration', 'configuration'],
          ['Operations', 'operations'],
          ['Tracing', 'tracing'],
          ['Commands', 'commands'],
          ['Console', 'console'],
          ['Kafka', 'kafka'],
          ['Scaling', 'scaling'],
          ['Errors', 'errors'],
          ['Central schema', 'central-schema'],
          ['Upgrading and backup', 'upgrading'],
        ),
      },
      { text: 'Receive', items: pages(['For developers of receivers', 'receiving']) },
      {
        text: 'Understand',
        items: pages(
          ['Delivery semantics', 'delivery-semantics'],
          ['The record', 'record'],
          ['Architecture', 'architecture'],
          ['Terms', 'terms'],
          ['Performance', 'performance'],
        ),
      },
      {
        text: 'The project',
        items: pages(
          ['Changelog', 'CHANGELOG'],
          ['Contributing', 'CONTRIBUTING'],
          ['Security', 'SECURITY'],
        ),
      },
      { text: 'Decisions', collapsed: true, items: decisions() },
    ],
  },
});
