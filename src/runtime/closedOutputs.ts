/**
 * Lets the process go on when nobody reads its standard output or error any more, or they can't be written: what
 * is said is lost then. Without a listener each would be an uncaught error.
 */
export function surviveClosedOutputs(): void {
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
}
