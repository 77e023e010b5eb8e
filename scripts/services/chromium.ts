import { aptInstall } from './apt.ts';
import { findProgram, isExecutable } from './command.ts';

const advice =
  'No Chromium was found: install it so that chromium is on PATH (Debian: apt-get install chromium), ' +
  'or name its program in CHROMIUM_BINARY.';

/** Debian's package brings no letters. */
const fonts = ['fonts-dejavu-core', 'fonts-lohit-deva'];

const find = async (): Promise<string | null> =>
  await findProgram(['chromium', 'chromium-browser', 'google-chrome']);

/** That of `CHROMIUM_BINARY`, from the `PATH`, or Debian's, which is installed where that is possible. */
export async function findChromium(): Promise<string> {
  const named = process.env['CHROMIUM_BINARY'] ?? '';
  if (named !== '') {
    if (await isExecutable(named)) return named;
    throw new Error(`CHROMIUM_BINARY names ${named}, which can't be executed.`);
  }
  const present = await find();
  if (present !== null) return present;
  await aptInstall(['chromium', ...fonts], advice);
  const installed = await find();
  if (installed === null) throw new Error(advice);
  return installed;
}
