/** What was typed and what came back, as a page shows it. */
export interface Transcript {
  /** Said by nobody who types: what happens elsewhere meanwhile. */
  note(text: string): void;
  /** `code` is shown where it is not 0. */
  command(text: string, output: string, code: number): void;
  text(): string;
}

/** @param known texts that differ from run to run, and what the page has in their place */
export function createTranscript(known: ReadonlyMap<string, string>): Transcript {
  const parts: string[] = [];
  return {
    note: (text) => void parts.push(`\n${text.replaceAll(/^/gm, '# ')}`),
    command(text, output, code) {
      const lines = [`$ ${text}`, output.trimEnd(), code === 0 ? '' : `(exit code ${code})`];
      parts.push(lines.filter((line) => line !== '').join('\n'));
    },
    text: () => normalise(parts.join('\n').trim(), known),
  };
}

/** apt and dpkg say how far they are, what is large, and how this container differs from a machine. */
const noise =
  /^(?:Need to get |After this operation, |Get:\d|debconf: delaying |\(?Reading (?:database|package|state)|Building dep).*\n/gm;

const time =
  /\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?<offset>(?:Z|[+-]\d\d:?\d\d)?)/g;
const duration = /\b\d+ (?:ms|s|min|h|d)\b(?: \d+ (?:ms|s|min|h|d)\b)*/g;

/** The same text for every run that went the same way. */
export function normalise(text: string, known: ReadonlyMap<string, string> = new Map()): string {
  let shown = `${text}\n`;
  for (const [from, to] of known) shown = shown.replaceAll(from, to);
  return shown
    .replaceAll(/\r+\n/g, '\n')
    .replaceAll(/^.*\r/gm, '')
    .replaceAll(noise, '')
    .replaceAll(/\b(GID|UID) \d+/g, '$1 …')
    .replaceAll(duration, '… s')
    .replaceAll(
      time,
      // As long as it was, for what is in columns.
      (found: string, offset: string) =>
        '2026-01-01T12:00:00.000'.slice(0, found.length - offset.length) + offset,
    )
    .replaceAll(/[ \t]+$/gm, '')
    .trimEnd();
}

const begin = '<!-- The transcript is written by "UPDATE_TRANSCRIPT=1 npm run test:install". -->';
const end = '<!-- End of the transcript. -->';

/** The transcript on the page; null if the page has no place for it. */
export function transcriptOf(page: string): string | null {
  const [, block = null] = page.split(begin).at(1)?.split(end).at(0)?.split('```console\n') ?? [];
  return block === null ? null : block.replace(/\n```\n+$/, '');
}

/** The page with this transcript in the place of the one it has. */
export function withTranscript(page: string, transcript: string): string {
  const [before = '', rest] = page.split(begin);
  const after = rest?.split(end).at(1);
  if (after === undefined) throw new Error(`the page has no place for a transcript: ${begin}`);
  return `${before}${begin}\n\n\`\`\`console\n${transcript}\n\`\`\`\n\n${end}${after}`;
}
