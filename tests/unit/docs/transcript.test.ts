import { describe, expect, it } from '@jest/globals';
import { readProjectFile } from '../../support/deployFiles.ts';
import {
  createTranscript,
  normalise,
  transcriptOf,
  withTranscript,
} from '../../support/install/transcript.ts';

describe('a transcript', () => {
  it('has what was typed, what came back, and how it ended unless well', () => {
    const transcript = createTranscript(new Map([['127.0.0.1:2345', '127.0.0.1:3306']]));
    transcript.command("cat <<'EOF'\n127.0.0.1:2345\nEOF", '127.0.0.1:2345\n', 0);
    transcript.note('Elsewhere:\nnothing');
    transcript.command('false', '', 1);
    expect(transcript.text()).toBe(
      "$ cat <<'EOF'\n127.0.0.1:3306\nEOF\n127.0.0.1:3306\n\n# Elsewhere:\n# nothing\n$ false\n(exit code 1)",
    );
  });

  it('leaves out how far apt is and how large things are', () => {
    const said =
      'Reading package lists...\nNeed to get 0 B/48.1 MB of archives.\n' +
      '(Reading database ... 5%\r(Reading database ... 6000 files and directories currently installed.)\r\n' +
      'Unpacking notify-on-delivery (1.0.0) ...\r\r\n';
    expect(normalise(said)).toBe('Unpacking notify-on-delivery (1.0.0) ...');
  });

  it.each([
    ['oplog  reaches back 39 s', 'oplog  reaches back 1 min 5 s'],
    ["Creating group 'g' with GID 999.", "Creating group 'g' with GID 996."],
    ['2026-11-30T21:53:05+05:30  delivered', '2027-02-11T01:03:35+05:30  delivered'],
  ])('is the same for runs that differ as %s', (one, other) => {
    expect(normalise(one)).toBe(normalise(other));
  });

  it('keeps columns as they are', () => {
    const line = '2026-11-30T21:53:05.123+05:30  delivered';
    expect(normalise(line)).toHaveLength(line.length);
  });

  it('differs where a version, a state or a count does', () => {
    for (const [one, other] of [
      ['Setting up notify-on-delivery (1.0.0)', 'Setting up notify-on-delivery (1.1.0)'],
      ['SubState=running', 'SubState=dead'],
      ['3 notifications', '2 notifications'],
    ] as const) {
      expect(normalise(one)).not.toBe(normalise(other));
    }
  });
});

describe('the page with the transcript', () => {
  const page = readProjectFile('docs/installing.md');

  it('has a place for it', () => {
    expect(transcriptOf(page)).toMatch(/^\$ apt-get install .*_amd64\.deb$/m);
  });

  it('keeps everything else when it is written', () => {
    const written = withTranscript(page, 'new');
    expect(transcriptOf(written)).toBe('new');
    expect(withTranscript(written, transcriptOf(page) ?? '')).toBe(page);
  });

  it('is refused without that place', () => {
    expect(() => withTranscript('# Page', 'new')).toThrow('no place for a transcript');
  });
});
