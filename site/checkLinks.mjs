/** After `vitepress build`, which checks pages only: every link, heading and picture within the site has a target. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.vitepress/dist', import.meta.url));
const files = new Set(
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length)),
);
const pages = new Map(
  [...files]
    .filter((file) => file.endsWith('.html') && file !== '/404.html')
    .map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
);
const ids = new Map(
  [...pages].map(([file, text]) => [
    file,
    new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)),
  ]),
);

function fileOf(path) {
  if (path === '') return null;
  if (path.endsWith('/')) return `${path}index.html`;
  return files.has(path) ? path : `${path}.html`;
}

let checked = 0;
const broken = [];
for (const [page, text] of pages) {
  for (const [, target] of text.matchAll(/ (?:href|src)="([^"]*)"/g)) {
    if (/^(?:[a-z]+:|\/\/)/.test(target)) continue;
    checked += 1;
    const url = new URL(target.replaceAll('&amp;', '&'), `http://site${page}`);
    const file = target.startsWith('#') ? page : fileOf(decodeURIComponent(url.pathname));
    const anchor = decodeURIComponent(url.hash.slice(1));
    const isThere = file !== null && files.has(file);
    if (!isThere || (anchor !== '' && !ids.get(file)?.has(anchor)))
      broken.push(`${page}: ${target}`);
  }
}
for (const each of new Set(broken)) console.error(`leads nowhere: ${each}`);
console.log(`${checked} links on ${pages.size} pages, ${new Set(broken).size} broken`);
if (pages.size === 0 || checked === 0 || broken.length > 0) process.exitCode = 1;
