import startServers from '../globalSetup.mjs';

/** Also brings what the tests with Kafka need: fetched and built once, before files run that would all do it. */
// oxlint-disable-next-line import/no-default-export -- jest calls the default export
export default async function startServersAndFetchKafka() {
  const { kafkaJars } = await import('../../../scripts/services/kafka/jars.ts');
  const { ensureKafkaClient } = await import('../../../scripts/services/kafka/client.ts');
  await kafkaJars();
  await ensureKafkaClient();
  await startServers();
}
