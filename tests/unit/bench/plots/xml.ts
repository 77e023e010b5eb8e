/** An element with what is in it, in order; text between elements is left out when it is blank. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (XmlElement | string)[];
}

interface Open {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: (XmlElement | string)[];
}

const token = /<(\/?)([\w:-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
const attribute = /([\w:-]+)="([^"]*)"/g;
const reference = /&(?:(amp|lt|gt|quot|#39);)?/g;
const notAllowed = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

const meanings: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
};

/**
 * Reads XML without comments, declarations and other entities than the five, and throws at anything else:
 * tags that don't match, two attributes of one name, a bare `&` or `<`, characters XML can't hold.
 */
export function parseXml(source: string): XmlElement {
  if (notAllowed.test(source)) throw new Error('a character that XML can not hold');
  const document: Open = { name: '', attributes: {}, children: [] };
  const open = [document];
  const tokens = source.matchAll(token);
  let end = 0;
  for (const [whole, closing, name, attributes = '', empty, text] of tokens) {
    end += whole.length;
    const inside = open.at(-1) ?? document;
    if (text !== undefined) {
      if (text.trim() !== '') inside.children.push(decoded(text));
    } else if (closing === '/') {
      if (open.length === 1 || open.pop()?.name !== name) throw new Error(`a stray </${name}>`);
    } else {
      const element = { name: name ?? '', attributes: attributesIn(attributes), children: [] };
      inside.children.push(element);
      if (empty === '') open.push(element);
    }
  }
  if (end !== source.length) throw new Error(`not XML at ${source.slice(end, end + 40)}`);
  if (open.length > 1) throw new Error(`<${open.at(-1)?.name}> is not closed`);
  const [root, ...others] = document.children;
  if (root === undefined || typeof root === 'string' || others.length > 0) {
    throw new Error('not one element');
  }
  return root;
}

function attributesIn(source: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name = '', value = ''] of source.matchAll(attribute)) {
    if (name in attributes) throw new Error(`${name} is there twice`);
    attributes[name] = decoded(value);
  }
  return attributes;
}

function decoded(text: string): string {
  return text.replace(reference, (whole, name?: string) => {
    const meaning = meanings[name ?? ''];
    if (meaning === undefined) throw new Error(`a bare ${whole}`);
    return meaning;
  });
}

/** The element and all below it. */
export function elementsOf(element: XmlElement): readonly XmlElement[] {
  const below = element.children.filter((child) => typeof child !== 'string');
  return [element, ...below.flatMap(elementsOf)];
}

export function textOf({ children }: XmlElement): string {
  return children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
}
