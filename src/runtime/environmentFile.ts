/**
 * The variables in a file for systemd's `EnvironmentFile=`, as systemd reads it, which differs from both a shell and a
 * `.env` file: `#` begins a comment only at the start of a line, `$` is itself, and `\` escapes outside of single quotes.
 */
export function parseEnvironmentFile(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  const input = createInput(text);
  while (!input.isAtEnd()) {
    input.take(/\s*/y);
    if (input.take(/[#;](?:\\[^]|[^\n\r\\])*/y) !== '') continue;
    const name = input.take(/[^=\n\r]*/y).trim();
    if (input.take(/=/y) === '') continue;
    const value = takeValue(input);
    if (/^[A-Za-z_]\w*$/.test(name)) variables[name] = value;
  }
  return variables;
}

interface Input {
  isAtEnd(): boolean;
  /** What the sticky expression matches here, and goes on behind it. */
  take(expression: RegExp): string;
}

function createInput(text: string): Input {
  let position = 0;
  return {
    isAtEnd: () => position >= text.length,
    take(expression) {
      expression.lastIndex = position;
      const taken = expression.exec(text)?.[0] ?? '';
      position += taken.length;
      return taken;
    },
  };
}

/** Quoted parts, and then the rest of the line. */
function takeValue(input: Input): string {
  let value = '';
  for (;;) {
    input.take(/[ \t]*/y);
    const single = input.take(/'[^']*/y);
    const double = single === '' ? input.take(/"(?:\\[^]|[^"\\])*/y) : '';
    if (single === '' && double === '') break;
    input.take(/['"]/y);
    value += single.slice(1);
    value += double.slice(1).replaceAll(/\\([^])/g, (pair, escaped: string) => {
      if (escaped === '\n') return '';
      return '"\\`$'.includes(escaped) ? escaped : pair;
    });
  }
  const rest = input.take(/(?:\\[^]|[^\n\r\\])*/y).replace(/(?<!\\)[ \t]+$/, '');
  return value + rest.replaceAll(/\\([^])/g, (_, escaped: string) => escaped.replace('\n', ''));
}
