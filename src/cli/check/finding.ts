/** What one check came to. */
export interface Finding {
  /** Names the check, the same in every run. */
  readonly check: string;
  readonly status: 'ok' | 'failed' | 'note';
  /** One sentence: what was found, and what to do where it is not as it should be. */
  readonly detail: string;
}

export const ok = (check: string, detail: string): Finding => ({ check, status: 'ok', detail });
export const failed = (check: string, detail: string): Finding => ({
  check,
  status: 'failed',
  detail,
});
export const note = (check: string, detail: string): Finding => ({ check, status: 'note', detail });
