/** The last lines of a client's log, which alone has the reasons of its errors. */
export interface ClientLog {
  readonly lines: readonly string[];
  add(line: string): void;
}

/** @param atMost lines: an old one may be the reason of another error */
export function createClientLog(atMost: number): ClientLog {
  const lines: string[] = [];
  return {
    lines,
    add(line) {
      lines.push(line);
      if (lines.length > atMost) lines.shift();
    },
  };
}
