import startServers from '../globalSetup.mjs';

/** The servers of all other tests, and a browser. */
// oxlint-disable-next-line import/no-default-export -- jest calls the default export
export default async function startServersAndFindBrowser() {
  const module = await import('../../../scripts/services/chromium.ts');
  process.env.TEST_CHROMIUM = await module.findChromium();
  await startServers();
}
