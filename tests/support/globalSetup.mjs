/**
 * Brings up MongoDB and MySQL once per run: jest calls a setup file once however many projects name it, but those of
 * Kafka and the console are other files, and call this one. Servers that were started again would be stopped by nobody.
 * Test files run in other processes; the environment is what reaches them. With TEST_GUARDED=1 the servers ask for
 * TLS and passwords, and workers get the rights that the page for operators tells people to grant.
 */
// oxlint-disable-next-line import/no-default-export -- jest calls the default export
export default async function startServers() {
  if (globalThis.testServices !== undefined) return;
  const services = await (process.env.TEST_GUARDED === '1' ? startGuarded() : startPlain());
  process.env.TEST_MONGODB_URI = services.mongodbUri;
  process.env.TEST_MYSQL_URI = services.mysqlUri;
  globalThis.testServices = services;
}

async function startPlain() {
  const module = await import('../../scripts/services/startServices.ts');
  return await module.startServices();
}

async function startGuarded() {
  const module = await import('./guardedServices.ts');
  const services = await module.startGuardedServices();
  process.env.TEST_CA_FILE = services.caPath;
  return services;
}
