/**
 * A `Retry-After` header as milliseconds from `now`: seconds, or an HTTP date (RFC 9110 §10.2.3). Seconds
 * with decimals are in no standard, but in many answers. Null when there is none, it is neither, or it lies in the past.
 */
export function parseRetryAfter(header: string | null, now: Date): number | null {
  if (header === null) return null;
  const text = header.trim();
  if (/^(?:\d+\.?\d*|\.\d+)$/.test(text)) return Math.ceil(Number(text) * 1_000);
  if (!httpDate.test(text)) return null;
  // The oldest form names no time zone: all of them are in UTC.
  const ms = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) - now.getTime();
  return ms > 0 ? ms : null;
}

/** The three forms RFC 9110 §5.6.7 names; `Date.parse` alone would take nearly anything for a date. */
const httpDate =
  /^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT|[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})$/;
