/** A time zone in which times are written and, where a text names none, read. */
export interface TimeZone {
  /** ISO 8601 with milliseconds and numeric offset, `2023-10-19T11:55:20.408+05:30`. */
  format(date: Date): string;
  /**
   * Reads ISO 8601 text: a calendar date, or one with a time, with or without an offset (without one
   * it is taken as local to this zone). Null for anything else.
   */
  parse(text: string): Date | null;
}
