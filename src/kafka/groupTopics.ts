import type { KafkaConnection } from './clientConfig.ts';
import { codes } from './errorCodes.ts';
import { askBrokers } from './protocol/askBrokers.ts';
import { createWriter, requests } from './protocol/wire.ts';
import { KafkaError } from './questions.ts';

/**
 * Of which topics a group has committed offsets; null where no broker can be asked. The client's own question ends the
 * process when the group's coordinator answers it with an error, as one does that has just started. Rejects with the
 * broker's error as a `KafkaError`, such as code 30 without the right to see the group.
 */
export async function readGroupTopics(
  connection: KafkaConnection,
  { group, clientId, limitMs }: Readonly<{ group: string; clientId: string; limitMs: number }>,
): Promise<readonly string[] | null> {
  const limits = { clientId, limitMs };
  const found = await askBrokers(connection, limits, async (broker) => {
    const answer = await broker.request(
      requests.findCoordinator,
      createWriter().string(group).done(),
    );
    const code = answer.int16();
    answer.int32(); // The broker's number.
    const host = answer.string() ?? '';
    return { code, address: `${host.includes(':') ? `[${host}]` : host}:${answer.int32()}` };
  });
  if (found.kind === 'unknown') return null;
  refuse(found.result.code);
  const coordinator = { ...connection, brokers: [found.result.address] };
  const offsets = await askBrokers(coordinator, limits, async (broker) => {
    const allTopics = -1;
    const body = createWriter().string(group).int32(allTopics).done();
    const answer = await broker.request(requests.offsetFetch, body);
    const topics = answer.array(() => {
      const topic = answer.string() ?? '';
      answer.array(() => {
        answer.int32(); // The partition,
        answer.bigInt64(); // its offset,
        answer.string(); // what the member said of it,
        answer.int16(); // and the error.
      });
      return topic;
    });
    return { topics, code: answer.int16() };
  });
  if (offsets.kind === 'unknown') return null;
  refuse(offsets.result.code);
  return offsets.result.topics;
}

function refuse(code: number): void {
  if (code !== codes.noError) throw new KafkaError(code, `the broker answers with error ${code}`);
}
