/** Browsers take these for other paths, however they are encoded. */
const noSegments: ReadonlySet<string> = new Set(['', '.', '..']);

/** Where the page of an SMS is, or a part of it, or an act on it. What can be no part of a path is written as JSON. */
export function smsPath(smsId: string, part?: 'live' | 'reveal' | 'resend' | 'run'): string {
  const id = noSegments.has(smsId) ? JSON.stringify(smsId) : smsId.toWellFormed();
  const path = `/sms/${encodeURIComponent(id)}`;
  return part === undefined ? path : `${path}/${part}`;
}
