/** Nothing that was asked for is left; what still waits for its own time limit need not be waited for. */
export function endSoon(): void {
  setTimeout(() => process.exit(), 500).unref();
}
