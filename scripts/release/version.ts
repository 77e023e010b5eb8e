const pattern = /^(\d+)\.(\d+)\.(\d+)(?:-([\da-z]+(?:\.[\da-z]+)*))?$/;
const steps = ['major', 'minor', 'patch'] as const;

type Asked =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly problem: string };

/** Of a version, or of `major`, `minor` or `patch`. The current one may be released, as the first is. */
export function versionAsked(asked: string, current: string): Asked {
  const version = nextVersion(asked, current);
  if (!pattern.test(version)) {
    const problem = `"${asked}" is no version: write one such as 1.2.3 or 1.2.3-rc.1, or major, minor or patch.`;
    return { ok: false, problem };
  }
  if (compareVersions(version, current) < 0) {
    return { ok: false, problem: `${version} is before ${current}: choose a later version.` };
  }
  return { ok: true, version };
}

function nextVersion(asked: string, current: string): string {
  const step = steps.findIndex((each) => each === asked);
  if (step === -1) return asked;
  const [, ...numbers] = (pattern.exec(current) ?? []).map(Number);
  const next = numbers
    .slice(0, 3)
    .map((number, at) => (at < step ? number : Number(at === step) * (number + 1)));
  return next.join('.');
}

/** Negative if the first comes before the second. What has no suffix comes after its candidates. */
function compareVersions(one: string, other: string): number {
  const inOrder = new Intl.Collator('en', { numeric: true });
  const [core = '', suffix] = split(one);
  const [otherCore = '', otherSuffix] = split(other);
  const byCore = inOrder.compare(core, otherCore);
  if (byCore !== 0 || suffix === otherSuffix) return byCore;
  if (suffix === undefined) return 1;
  return otherSuffix === undefined ? -1 : inOrder.compare(suffix, otherSuffix);
}

function split(version: string): readonly string[] {
  const at = version.indexOf('-');
  return at === -1 ? [version] : [version.slice(0, at), version.slice(at + 1)];
}
