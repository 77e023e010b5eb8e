/** Why a setting can't be used. Never holds the value of a secret. */
export interface Problem {
  readonly variable: string;
  /** Worded to follow the variable's name. */
  readonly message: string;
  /** What to do, worded as an instruction. */
  readonly remedy: string;
}

export function formatProblem({ variable, message, remedy }: Problem): string {
  return `${variable} ${message}; ${remedy}`;
}

const shownLength = 120;

/**
 * A value as shown in a problem: on one line, not endless, and without what may be the credentials of a
 * connection string put into the wrong variable.
 */
export function showValue(text: string): string {
  const harmless = text.replace(/^.*@/s, '***@');
  return JSON.stringify(
    harmless.length > shownLength ? `${harmless.slice(0, shownLength)}…` : harmless,
  );
}
