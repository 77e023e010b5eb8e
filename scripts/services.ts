/** `npm run services`: MongoDB and MySQL to work on by hand, until Ctrl-C. */
import { fileURLToPath } from 'node:url';
import { toError } from '../src/runtime/errors.ts';
import { loadSchema } from './services/mysql.ts';
import { startServices } from './services/startServices.ts';

const schema = fileURLToPath(new URL('../config/central-schema.sql', import.meta.url));

async function serve(stopAsked: Promise<void>): Promise<void> {
  const services = await startServices();
  try {
    const isOurs = !process.env['MYSQL_URI'];
    if (isOurs) await loadSchema(services.mysqlUri, schema);
    console.log(`export MONGODB_URI='${services.mongodbUri}'`);
    console.log(`export MYSQL_URI='${services.mysqlUri}'`);
    console.error(
      `Up${isOurs ? ', with the tables of config/central-schema.sql' : ''}. Ctrl-C ends.`,
    );
    await stopAsked;
  } finally {
    await services.stop();
  }
}

const stopAsked = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
});
try {
  await serve(stopAsked);
} catch (thrown) {
  console.error(toError(thrown).message);
  process.exitCode = 1;
}
