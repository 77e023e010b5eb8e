const unreleased = /^## Unreleased\n(?<entries>.*?)(?=^## |(?![^]))/ms;

/** The entries under Unreleased; empty if there are none. */
export function unreleasedEntries(changelog: string): string {
  return unreleased.exec(changelog)?.groups?.['entries']?.trim() ?? '';
}

/** The changelog with these entries under the version, and nothing under Unreleased. */
export function releaseEntries(changelog: string, version: string, date: string): string {
  const entries = unreleasedEntries(changelog);
  const section = `## Unreleased\n\n## ${version} (${date})\n\n${entries}\n\n`;
  return `${changelog.replace(unreleased, () => section).trimEnd()}\n`;
}
