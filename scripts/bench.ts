/** `npm run bench`: how fast, at what cost, next to what one would write without this worker. */
import { helpText, parseBenchArgs } from './bench/options.ts';
import { startScript } from './harness/startScript.ts';

process.exitCode = await startScript(
  {
    name: 'bench',
    helpText,
    parse: parseBenchArgs,
    main: new URL('./bench/main.ts', import.meta.url),
  },
  process.argv.slice(2),
);
