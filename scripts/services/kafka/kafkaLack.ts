import { toError } from '../../../src/runtime/errors.ts';
import { ensureKafkaClient } from './client.ts';
import { javaProgram } from './java.ts';

/**
 * What keeps Kafka from being started on this machine, as a sentence that says what to install. Null once all is there:
 * what can be is fetched and built.
 */
export async function kafkaLack(): Promise<string | null> {
  try {
    await javaProgram('kafka.Kafka', { heapMb: 64 });
    await ensureKafkaClient();
    return null;
  } catch (thrown) {
    return toError(thrown).message;
  }
}
