import type { Output } from './page.ts';

/** As help, advice and messages write it, for a clone; also where a line ends within it. */
const inAClone = /npm[\s\\]+run(?:[\s\\]+--silent)?[\s\\]+cli[\s\\]+--(?=\s)/g;

/** The same output, but commands are called as they are where this one was: an installation may have no npm. */
export function namingCommands<Stream extends Output>(output: Stream, command: string): Stream {
  return Object.create(output, {
    write: { value: (text: string) => output.write(text.replaceAll(inAClone, command)) },
  }) as Stream;
}
