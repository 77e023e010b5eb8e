import { tsImport } from 'tsx/esm/api';

/**
 * Brings up MongoDB and MySQL once per run: jest calls a setup file once however many projects name it.
 * Test files run in other processes; the environment is what reaches them.
 */
// oxlint-disable-next-line import/no-default-export -- jest calls the default export
export default async function startServers() {
  const { startServices } = await tsImport(
    '../../scripts/services/startServices.ts',
    import.meta.url,
  );
  const services = await startServices();
  process.env.TEST_MONGODB_URI = services.mongodbUri;
  process.env.TEST_MYSQL_URI = services.mysqlUri;
  globalThis.testServices = services;
}
