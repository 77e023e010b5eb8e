import type { Progress } from './command.ts';

/** A line that is written over again and again; nothing at all where nobody watches. */
export function createProgress(stream: {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}): Progress {
  if (stream.isTTY !== true) {
    return { isShown: false, show: () => undefined, clear: () => undefined };
  }
  let hasText = false;
  const clear = (): void => {
    if (hasText) stream.write('\r\u001b[K');
    hasText = false;
  };
  return {
    isShown: true,
    show(text) {
      clear();
      stream.write(text);
      hasText = true;
    },
    clear,
  };
}

const BAR = 24;

/** `████░░░░  1,234 of 20,000`; without a total, the number alone. */
export function bar(done: number, total: number | null): string {
  const number = done.toLocaleString('en-US');
  if (total === null || total === 0) return number;
  const share = Math.min(1, done / total);
  const full = Math.round(BAR * share);
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)}  ${number} of ${total.toLocaleString('en-US')}`;
}
