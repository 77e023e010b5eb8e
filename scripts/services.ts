/** `npm run services`: MongoDB and MySQL to work on by hand, with `--kafka` Kafka too, until Ctrl-C. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { toError } from '../src/runtime/errors.ts';
import { createTeardown } from '../src/runtime/teardown.ts';
import { kafkaLack } from './services/kafka/kafkaLack.ts';
import { startKafka } from './services/kafka/startKafka.ts';
import { loadSchema } from './services/mysql.ts';
import { startServices } from './services/startServices.ts';

const schema = fileURLToPath(new URL('../config/central-schema.sql', import.meta.url));
const topic = 'sms-statuses';

async function serve(stopAsked: Promise<void>): Promise<void> {
  const { values } = parseArgs({ options: { kafka: { type: 'boolean', default: false } } });
  if (values.kafka) {
    const lack = await kafkaLack();
    if (lack !== null) throw new Error(lack);
  }
  const teardown = createTeardown();
  try {
    const services = await startServices();
    teardown.add('the databases', services.stop);
    const isOurs = !process.env['MYSQL_URI'];
    if (isOurs) await loadSchema(services.mysqlUri, schema);
    const lines = [
      `export MONGODB_URI='${services.mongodbUri}'`,
      `export MYSQL_URI='${services.mysqlUri}'`,
    ];
    if (values.kafka) {
      const kafka = await startKafka({
        mongodbUri: services.mongodbUri,
        database: process.env['MONGODB_DATABASE'] || 'central',
        collection: process.env['MONGODB_COLLECTION'] || 'SMSDetailDocument',
        topic,
      });
      teardown.add('Kafka', kafka.stop);
      lines.push(
        `export KAFKA_BROKERS='${kafka.broker.bootstrap}'`,
        `export KAFKA_TOPIC='${topic}'`,
      );
    }
    console.log(lines.join('\n'));
    console.error(
      `Up${isOurs ? ', with the tables of config/central-schema.sql' : ''}. Ctrl-C ends.`,
    );
    await stopAsked;
  } finally {
    await teardown.run();
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
