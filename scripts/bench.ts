/** `npm run bench`: how fast, at what cost, next to what one would write without this worker. */
import { helpText, parseBenchArgs } from './bench/options.ts';
import { runScript } from './harness/script.ts';

await runScript({
  name: 'bench',
  helpText,
  parse: parseBenchArgs,
  async run(options, interrupted) {
    const { runBench } = await import('./bench/runBench.ts');
    return await runBench(options, interrupted);
  },
});
