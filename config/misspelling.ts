/** Levenshtein distance: the number of letters added, dropped or changed. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, letter] of left.split('').entries()) {
    const next = [index + 1];
    for (const [column, other] of right.split('').entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

/**
 * Pairs of a variable that means nothing here and the setting it was likely meant to be: one that is not
 * set, and differs in at most every fourth letter.
 */
export function findMisspellings(
  given: readonly string[],
  known: readonly string[],
): readonly Readonly<{ given: string; meant: string }>[] {
  const unset = known.filter((name) => !given.includes(name));
  return given
    .filter((name) => !known.includes(name))
    .flatMap((name) => {
      const meant = unset.find(
        (candidate) =>
          Math.abs(candidate.length - name.length) <= candidate.length / 4 &&
          distance(name, candidate) <= candidate.length / 4,
      );
      return meant === undefined ? [] : { given: name, meant };
    });
}
