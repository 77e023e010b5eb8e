import { contrast, hang, seconds, shellText, WIDTH, wrap } from './layout.ts';
import { createPaint } from './paint.ts';
import type { Check, ReceivedRequest } from './report.ts';

/** Tells the story on a terminal, in 80 columns. */
export interface Narrator {
  title(text: string): void;
  heading(text: string): void;
  say(text: string): void;
  /** As it is, indented. */
  lines(text: string): void;
  /** A statement that is being run. */
  statement(shell: 'mysql' | 'mongo', text: string): void;
  /** The headers that are ours, and the body pretty-printed. */
  request(request: ReceivedRequest): void;
  record(record: unknown): void;
  verdict(check: Check): void;
  /** Something that is up, and after how long. */
  ready(text: string, ms: number): void;
  /** One line that the next one overwrites; nothing where that is not possible. */
  progress(text: string): void;
  /** Shows with a running clock what is being waited for. */
  during<T>(text: string, work: Promise<T>): Promise<T>;
}

export interface NarratorOptions {
  write(text: string): void;
  readonly isColoured: boolean;
  /** Whether a line can be overwritten. */
  readonly isLive: boolean;
}

type Kind = 'speech' | 'exhibit' | 'verdict' | 'space';

/** What is shown follows the words about it closely; otherwise different things stand apart. */
function needsGap(before: Kind, next: Kind): boolean {
  if (before === 'space' || next === 'space') return false;
  return before === 'speech' ? next !== 'exhibit' : before !== next;
}

const ERASE_LINE = '\r\u001B[2K';

export function createNarrator({ write, isColoured, isLive }: NarratorOptions): Narrator {
  const paint = createPaint(isColoured);
  let hasProgress = false;

  let before: Kind = 'space';

  const print = (kind: Kind, text: string): void => {
    const gap = needsGap(before, kind) ? '\n' : '';
    write(`${hasProgress ? ERASE_LINE : ''}${gap}${text}\n`);
    hasProgress = false;
    before = kind;
  };
  const printExhibit = (text: string): void => print('exhibit', hang('    ', text));
  const withKeys = (text: string): string =>
    text.replaceAll(/^(\s*)("?[\w-]+"?)(?=: )/gm, (_all, blanks: string, key: string) => {
      return blanks + paint('cyan', key);
    });

  const narrator: Narrator = {
    title: (text) => print('space', `\n${paint('bold', text)}\n`),
    heading(text) {
      const rule = '─'.repeat(Math.max(0, WIDTH - text.length - 5));
      print('space', `\n${paint('dim', '──')} ${paint('bold', text)} ${paint('dim', rule)}\n`);
    },
    say: (text) => print('speech', hang('  ', wrap(text, WIDTH - 4))),
    lines: printExhibit,
    statement(shell, text) {
      print('exhibit', paint('dim', hang(`  ${shell}> `, text)));
    },
    request(request) {
      const { method, path, headers } = request;
      const own = Object.entries(headers).filter(([name]) => name.startsWith('webhook-'));
      const head = own.map(([name, value]) => `${paint('cyan', name)}: ${String(value)}`);
      printExhibit([`${paint('bold', method)} ${path}`, ...head].join('\n'));
      printExhibit(withKeys(JSON.stringify(request.json(), null, 2)));
    },
    record: (record) =>
      printExhibit(withKeys(`notify_on_delivery: ${shellText(record, WIDTH - 8)}`)),
    verdict({ what, ok, expected, seen }) {
      const mark = ok ? paint('green', '✓') : paint('red', '✗');
      print('verdict', hang(`  ${mark} `, wrap(what, WIDTH - 6), 4));
      if (ok) return;
      const [wanted, found] = contrast(expected, seen);
      if (expected !== undefined) print('verdict', hang('      expected  ', wanted));
      print('verdict', `      ${paint('red', 'seen')}      ${hang('', found, 16)}`);
    },
    ready(text, ms) {
      const time = seconds(ms);
      const gap = ' '.repeat(Math.max(1, WIDTH - 6 - text.length - time.length));
      print('verdict', `  ${paint('green', '✓')} ${text}${gap}${paint('dim', time)}`);
    },
    progress(text) {
      if (!isLive) return;
      write(`${ERASE_LINE}  ${paint('dim', text)}`);
      hasProgress = true;
    },
    async during(text, work) {
      const began = performance.now();
      const show = (): void => narrator.progress(`${text} ${seconds(performance.now() - began)}`);
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
  return narrator;
}
