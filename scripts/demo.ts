/** `npm run demo`: the whole thing at work, on servers of its own, checking what it shows. */
import { helpText, parseDemoArgs } from './demo/options.ts';
import { startScript } from './harness/startScript.ts';

process.exitCode = await startScript(
  {
    name: 'demo',
    helpText,
    parse: parseDemoArgs,
    main: new URL('./demo/main.ts', import.meta.url),
  },
  process.argv.slice(2),
);
