import { runInOwnProcessGroup } from './ownProcessGroup.ts';
import type { ParsedArgs } from './parsedArgs.ts';

export interface Script<Options> {
  /** As in `npm run <name>`. */
  readonly name: string;
  readonly helpText: string;
  parse(args: readonly string[]): ParsedArgs<Options>;
  /** What does the work; it gets the same arguments. */
  readonly main: URL;
}

/** Helps, says what is wrong with the arguments, or runs the script and returns its exit code. */
export async function startScript<Options>(
  { name, helpText, parse, main }: Script<Options>,
  args: readonly string[],
): Promise<number> {
  const parsed = parse(args);
  switch (parsed.kind) {
    case 'help':
      console.log(helpText);
      return 0;
    case 'misused':
      console.error(`${parsed.message}\n"npm run ${name} -- --help" shows what there is.`);
      return 2;
    case 'run':
      return await runInOwnProcessGroup(main, args);
    default:
      return parsed satisfies never;
  }
}
