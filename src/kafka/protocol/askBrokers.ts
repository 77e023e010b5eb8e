import { toError } from '../../runtime/errors.ts';
import type { KafkaConnection } from '../clientConfig.ts';
import { openBrokerConnection, type BrokerConnection } from './brokerConnection.ts';
import { logIn } from './logIn.ts';

export type Answer<Result> =
  Readonly<{ kind: 'answered'; result: Result }> | Readonly<{ kind: 'unknown'; reason: string }>;

/**
 * Asks all these brokers at once; the first answer counts. Never rejects: an `ask` that does stands for a broker that has
 * no answer.
 */
export async function askBrokers<Result>(
  connection: KafkaConnection,
  { clientId, limitMs }: Readonly<{ clientId: string; limitMs: number }>,
  ask: (broker: BrokerConnection) => Promise<Result>,
): Promise<Answer<Result>> {
  const answered = new AbortController();
  const late = setTimeout(() => {
    answered.abort(new Error(`no answer within ${limitMs / 1_000} s`));
  }, limitMs);
  const askOne = async (address: string): Promise<Result> => {
    const options = { connection, clientId, signal: answered.signal };
    const broker = openBrokerConnection(address, options);
    try {
      await logIn(broker, connection);
      return await ask(broker);
    } catch (thrown) {
      throw new Error(`${address}: ${toError(thrown).message}`, { cause: thrown });
    } finally {
      broker.close();
    }
  };
  try {
    return { kind: 'answered', result: await Promise.any(connection.brokers.map(askOne)) };
  } catch (thrown) {
    const [first = thrown] = (thrown as Partial<AggregateError>).errors ?? [];
    return { kind: 'unknown', reason: toError(first).message };
  } finally {
    clearTimeout(late);
    answered.abort(new Error('another broker was faster'));
  }
}
