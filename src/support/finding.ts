import type { Times } from './words.ts';

/** A function where it has a time in it. */
type Detail = string | ((times: Times) => string);

/** What one check came to. */
export interface Finding {
  /** Names the check, the same in every run. */
  readonly check: string;
  readonly status: 'ok' | 'failed' | 'note';
  /** One sentence: what was found, and what to do where it is not as it should be. */
  readonly detail: Detail;
}

export const ok = (check: string, detail: Detail): Finding => ({ check, status: 'ok', detail });
export const failed = (check: string, detail: Detail): Finding => ({
  check,
  status: 'failed',
  detail,
});
export const note = (check: string, detail: Detail): Finding => ({ check, status: 'note', detail });
