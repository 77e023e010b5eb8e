import { inspect, styleText } from 'node:util';
import type { Check, ReceivedRequest } from './report.ts';

/** Tells the story on a terminal, in 80 columns. */
export type Narrator = ReturnType<typeof createNarrator>;

export interface NarratorOptions {
  write(text: string): void;
  readonly isColoured: boolean;
  /** Whether a line can be overwritten. */
  readonly isLive: boolean;
}

type Style = 'bold' | 'dim' | 'green' | 'red' | 'cyan';
type Kind = 'speech' | 'exhibit' | 'verdict' | 'space';

const WIDTH = 80;
const ERASE_LINE = '\r\u001B[2K';

export function createNarrator({ write, isColoured, isLive }: NarratorOptions) {
  let hasProgress = false;
  let before: Kind = 'space';

  /** Line by line, so that lines can be indented afterwards. */
  const paint = (style: Style, text: string): string =>
    isColoured
      ? text.replaceAll(/.+/g, (line) => styleText(style, line, { validateStream: false }))
      : text;
  /** What is shown follows the words about it closely; otherwise different things stand apart. */
  const print = (kind: Kind, text: string): void => {
    const isClose = before === kind || (before === 'speech' && kind === 'exhibit');
    const gap = isClose || before === 'space' || kind === 'space' ? '' : '\n';
    write(`${hasProgress ? ERASE_LINE : ''}${gap}${text}\n`);
    hasProgress = false;
    before = kind;
  };
  const keysPainted = (text: string): string =>
    text.replaceAll(/(?<=^\s*)"?[\w-]+"?(?=: )/gm, (key) => paint('cyan', key));
  const lines = (text: string): void => print('exhibit', hang('    ', text));
  const progress = (text: string): void => {
    if (!isLive) return;
    write(`${ERASE_LINE}  ${paint('dim', text)}`);
    hasProgress = true;
  };

  return {
    title: (text: string): void => print('space', `\n${paint('bold', text)}\n`),
    heading(text: string): void {
      const rule = '─'.repeat(Math.max(0, WIDTH - text.length - 5));
      print('space', `\n${paint('dim', '──')} ${paint('bold', text)} ${paint('dim', rule)}\n`);
    },
    say: (text: string): void => print('speech', hang('  ', wrap(text, WIDTH - 4))),
    /** As it is, indented. */
    lines,
    /** A statement that is being run. */
    statement: (shell: 'mysql' | 'mongo', text: string): void =>
      print('exhibit', paint('dim', hang(`  ${shell}> `, text))),
    /** The headers that are ours, and the body pretty-printed. */
    request({ method, path, headers, json }: ReceivedRequest): void {
      const own = Object.entries(headers).filter(([name]) => name.startsWith('webhook-'));
      const head = own.map(([name, value]) => `${paint('cyan', name)}: ${String(value)}`);
      lines([`${paint('bold', method)} ${path}`, ...head].join('\n'));
      lines(keysPainted(JSON.stringify(json(), null, 2)));
    },
    record: (record: unknown): void =>
      lines(keysPainted(`notify_on_delivery: ${shellText(record)}`)),
    verdict({ what, ok, expected, seen }: Check): void {
      const mark = ok ? paint('green', '✓') : paint('red', '✗');
      print('verdict', `  ${mark} ${hang('', wrap(what, WIDTH - 6), 4)}`);
      if (ok) return;
      for (const [label, value] of Object.entries({ expected, seen })) {
        const text = typeof value === 'string' ? value : inspect(value, { depth: 9 });
        print('verdict', hang(`      ${label.padEnd(10)}`, text));
      }
    },
    /** Something that is up, and after how long. */
    ready(text: string, ms: number): void {
      const time = seconds(ms).padStart(Math.max(8, WIDTH - 6 - text.length));
      print('verdict', `  ${paint('green', '✓')} ${text} ${paint('dim', time)}`);
    },
    /** One line that the next one overwrites; nothing where that is not possible. */
    progress,
    /** Shows with a running clock what is being waited for. */
    async during<T>(text: string, work: Promise<T>): Promise<T> {
      const began = performance.now();
      const show = (): void => progress(`${text} ${seconds(performance.now() - began)}`);
      show();
      const timer = setInterval(show, 100);
      try {
        return await work;
      } finally {
        clearInterval(timer);
        if (hasProgress) write(ERASE_LINE);
        hasProgress = false;
      }
    },
  };
}

/** Breaks a paragraph into lines of at most `width`. */
export function wrap(text: string, width = WIDTH): string {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = `${lines.at(-1)} ${word}`.trimStart();
    if (line.length > width) lines.push(word);
    else lines[lines.length - 1] = line;
  }
  return lines.join('\n');
}

/** Puts `first` before the first line and as many blanks before the others. */
export function hang(first: string, text: string, blanks = first.length): string {
  return first + text.replaceAll('\n', `\n${' '.repeat(blanks)}`);
}

/** A value as MongoDB's shell writes it. */
export function shellText(value: unknown, width = WIDTH - 8): string {
  return inspect(value, { depth: 9, breakLength: width, maxStringLength: 400 }).replaceAll(
    /(?<=[ [])\d{4}-\d\d-\d\dT[\d:.]+Z/g,
    "ISODate('$&')",
  );
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}
