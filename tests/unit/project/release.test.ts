import { describe, expect, it } from '@jest/globals';
import { releaseEntries, unreleasedEntries } from '../../../scripts/release/changelog.ts';
import { versionAsked } from '../../../scripts/release/version.ts';
import { readProjectFile } from '../../support/deployFiles.ts';

describe('the version of a release', () => {
  it.each([
    ['major', '1.4.2', '2.0.0'],
    ['minor', '1.4.2', '1.5.0'],
    ['patch', '1.4.9', '1.4.10'],
    ['patch', '1.4.9-rc.1', '1.4.10'],
    ['1.10.0', '1.9.0', '1.10.0'],
    ['1.0.0', '1.0.0', '1.0.0'],
    ['1.0.0-rc.10', '1.0.0-rc.9', '1.0.0-rc.10'],
    ['1.0.0', '1.0.0-rc.9', '1.0.0'],
  ])('%s after %s is %s', (asked, current, version) => {
    expect(versionAsked(asked, current)).toEqual({ ok: true, version });
  });

  it.each([
    ['0.9.9', '1.0.0'],
    ['1.9.0', '1.10.0'],
    ['1.0.0-rc.1', '1.0.0'],
    ['1.0.0-rc.9', '1.0.0-rc.10'],
  ])('%s does not come after %s', (asked, current) => {
    expect(versionAsked(asked, current)).toEqual({
      ok: false,
      problem: `${asked} is before ${current}: choose a later version.`,
    });
  });

  it.each(['', 'v1.0.0', '1.0', '01.x.0', 'next', '1.0.0 ', '1.0.0-', '1.0.0;rm'])(
    'is not %j',
    (asked) => {
      expect(versionAsked(asked, '0.1.0')).toMatchObject({ ok: false });
    },
  );
});

describe('the changelog of a release', () => {
  const before =
    '# Changelog\n\n## Unreleased\n\n- One.\n- Two, with $& and `$1`.\n\n## 0.1.0 (2026-01-01)\n\n- Old.\n';

  it('has what was unreleased under the version', () => {
    expect(releaseEntries(before, '0.2.0', '2026-12-01')).toBe(
      '# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-12-01)\n\n' +
        '- One.\n- Two, with $& and `$1`.\n\n## 0.1.0 (2026-01-01)\n\n- Old.\n',
    );
  });

  it('has nothing unreleased afterwards', () => {
    expect(unreleasedEntries(before)).toBe('- One.\n- Two, with $& and `$1`.');
    expect(unreleasedEntries(releaseEntries(before, '0.2.0', '2026-12-01'))).toBe('');
  });

  it('is read to its end where nothing was released before', () => {
    const own = readProjectFile('CHANGELOG.md');
    const first = '# Changelog\n\n## Unreleased\n\n- One.\n';
    expect(releaseEntries(first, '0.1.0', '2026-12-01')).toBe(
      '# Changelog\n\n## Unreleased\n\n## 0.1.0 (2026-12-01)\n\n- One.\n',
    );
    expect(own).toMatch(/^# Changelog\n\n## Unreleased\n\n/);
  });
});
