type Attributes = Readonly<Record<string, string | number>>;

/** What may stand in XML 1.0, but for the characters that mean something there. */
const notAllowed = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

const meaningful: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escaped(text: string): string {
  return text.replace(notAllowed, '\u{fffd}').replace(/[&<>"]/g, (each) => meaningful[each] ?? '');
}

/** The children are elements already. */
export function element(
  name: string,
  attributes: Attributes,
  children: readonly string[] = [],
): string {
  const start = `<${name}${attributesToText(attributes)}`;
  return children.length === 0 ? `${start}/>` : `${start}>\n${children.join('\n')}\n</${name}>`;
}

/** The content is any text. */
export function textElement(name: string, attributes: Attributes, content: string): string {
  return `<${name}${attributesToText(attributes)}>${escaped(content)}</${name}>`;
}

function attributesToText(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([name, value]) => {
      const text = typeof value === 'number' ? String(Math.round(value * 100) / 100) : value;
      return ` ${name}="${escaped(text)}"`;
    })
    .join('');
}
