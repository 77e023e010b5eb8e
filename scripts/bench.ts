/** `npm run bench`: how fast, at what cost, next to what one would write without this worker. */
import { helpText, parseBenchArgs } from './bench/options.ts';
import { runInOwnProcessGroup } from './demo/ownProcessGroup.ts';

const args = process.argv.slice(2);
const parsed = parseBenchArgs(args);
switch (parsed.kind) {
  case 'help':
    console.log(helpText);
    break;
  case 'misused':
    console.error(`${parsed.message}\n"npm run bench -- --help" shows what there is.`);
    process.exitCode = 2;
    break;
  case 'run':
    process.exitCode = await runInOwnProcessGroup(
      new URL('./bench/main.ts', import.meta.url),
      args,
    );
    break;
  default:
    parsed satisfies never;
}
