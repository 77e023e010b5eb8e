/**
 * Lets the process go on when nobody reads its standard output or error any more; what is written is lost then. Without
 * a listener each would be an uncaught error. `onUnwritable` is called when standard output can't be written for
 * another reason, such as a full disk.
 */
export function surviveClosedOutputs(
  onUnwritable: (error: NodeJS.ErrnoException) => void = () => undefined,
): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') onUnwritable(error);
  });
}
