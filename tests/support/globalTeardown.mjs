// oxlint-disable-next-line import/no-default-export -- jest calls the default export
export default async function stopServers() {
  await globalThis.testServices?.stop();
}
