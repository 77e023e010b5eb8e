import { parseHTML } from 'linkedom';
import type { Answer } from './consoleUnderTest.ts';

const address = /^(?:href|src|action|formaction|srcdoc|data|poster|background)$/;
const mayLoad = /^\/static\/[a-z]+\.(?:css|js|svg)$/;
const forbidden = 'iframe, object, embed, base, applet, link:not([rel]), meta[http-equiv], style';

/** All that a browser might run or load in a page and that the console itself does not write; empty for a safe page. */
export function unsafeParts({ headers, body }: Answer): readonly string[] {
  if (headers['content-type']?.startsWith('text/html') !== true) {
    return headers['x-content-type-options'] === 'nosniff' ? [] : ['no nosniff'];
  }
  const found: string[] = [];
  if (/<script>|<img src=x/i.test(body)) found.push('a script as it was given');
  const { document } = parseHTML(
    /^\s*<!doctype/i.test(body) ? body : `<!doctype html><html><body>${body}</body></html>`,
  );
  for (const element of document.querySelectorAll(forbidden)) found.push(element.outerHTML);
  for (const element of document.querySelectorAll('script, img')) {
    const isOwn = mayLoad.test(element.getAttribute('src') ?? '');
    if (!isOwn || element.textContent !== '') found.push(element.outerHTML);
  }
  for (const element of document.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      const isHandler = name.startsWith('on') || name === 'style';
      const isOwn = /^(?:\/(?!\/)|#|\?)/.test(value);
      const isLink = element.localName === 'a' && /^https?:/.test(value);
      const leadsAway = address.test(name) && !isOwn && !isLink;
      if (isHandler || leadsAway) found.push(`${name}="${value}"`);
    }
  }
  return found;
}

/** Where a page leads to: the links, and what refreshes by itself. */
export function linksIn({ body }: Answer): readonly string[] {
  const { document } = parseHTML(`<html><body>${body}</body></html>`);
  return [...document.querySelectorAll('a[href], [data-live]')].map((element) => {
    const link = element.getAttribute('href') ?? element.getAttribute('data-live') ?? '';
    return link.replace(/#.*$/s, '');
  });
}

/** What sending each form of a page as it is would send. */
export function actsIn({ body }: Answer): readonly (readonly [path: string, fields: string])[] {
  const { document } = parseHTML(`<html><body>${body}</body></html>`);
  return [...document.querySelectorAll('form[method=post]')].map((form) => {
    const fields = new URLSearchParams();
    for (const field of form.querySelectorAll('[name]')) {
      fields.append(field.getAttribute('name'), field.getAttribute('value') ?? field.textContent);
    }
    return [String(form.getAttribute('action')), fields.toString()] as const;
  });
}
