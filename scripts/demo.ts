/** `npm run demo`: the whole thing at work, on servers of its own, checking what it shows. */
import { helpText, parseDemoArgs } from './demo/options.ts';
import { runInOwnProcessGroup } from './demo/ownProcessGroup.ts';

const args = process.argv.slice(2);
const parsed = parseDemoArgs(args);
switch (parsed.kind) {
  case 'help':
    console.log(helpText);
    break;
  case 'misused':
    console.error(`${parsed.message}\n"npm run demo -- --help" shows what there is.`);
    process.exitCode = 2;
    break;
  case 'run':
    process.exitCode = await runInOwnProcessGroup(new URL('./demo/main.ts', import.meta.url), args);
    break;
  default:
    parsed satisfies never;
}
