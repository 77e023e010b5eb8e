/** `npm run check:deploy`: what is in deploy/, by the tools of those who will read it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toError } from '../src/runtime/errors.ts';
import { checks } from './deploy/checks.ts';

const scratch = await mkdtemp(join(tmpdir(), 'notify-on-delivery-deploy-'));
try {
  for (const { name, run } of checks) {
    try {
      console.log(`ok    ${name}: ${await run(scratch)}`);
    } catch (thrown) {
      console.error(`FAILS ${name}: ${toError(thrown).message}`);
      process.exitCode = 1;
    }
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}
