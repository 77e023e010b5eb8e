/** The oldest major version that the worker is built for and tested on; `engines` in package.json says it too. */
export const OLDEST_NODE = 24;

/** EX_CONFIG of sysexits.h: starting again changes nothing. */
const EXIT_CODE = 78;

/**
 * Imports the program only where Node is new enough. An older one may fail while it links the modules, before any
 * code of theirs runs, so an entry file must import nothing but this.
 */
export async function startOnSupportedNode(program: () => Promise<unknown>): Promise<void> {
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) {
    await program();
    return;
  }
  process.stderr.write(
    `notify-on-delivery needs Node ${OLDEST_NODE} or newer, not ${process.version}: ` +
      'start it with "npm start" or "npm run cli", which use the Node that "npm ci" installs, or install a newer Node.\n',
  );
  process.exitCode = EXIT_CODE;
}
