/** What the worker spent its time on, from CPU profiles as `npm run bench -- --profile FOLDER` writes them. */
import { profileToText } from './bench/profileParts.ts';
import { readProfile } from './bench/profile.ts';

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('Usage: node scripts/profileShares.ts FILE…');
  process.exitCode = 2;
}
for (const file of files) console.log(`${file}: ${profileToText(await readProfile(file))}\n`);
