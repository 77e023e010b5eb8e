import { afterEach, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createLookups } from '../../../src/mongo/lookups.ts';
import { describeError } from '../../../src/observability/textLine.ts';
import { aLog, answered } from '../../support/builders.ts';
import { createMemoryLogger, type LogLine } from '../../support/memoryLogger.ts';
import { createOutcomes, failureOf } from '../../support/mongoOutcomes.ts';
import { delivered } from '../../support/mongoRecords.ts';
import { createRetries } from '../../support/mongoRetries.ts';
import { useGuardedReplicaSet } from '../../support/mongoUsers.ts';
import { anEnding } from '../../support/someEndings.ts';
import { retryFor } from '../../support/someRetries.ts';
import { until } from '../../support/until.ts';

const guarded = useGuardedReplicaSet();
const response = 'only for the SMS document';
let client: MongoClient;

afterEach(async () => {
  await client.close();
});

/** The worker, when somebody has taken away all rights but these from it. */
async function workerWith(rights: readonly [collection: string, ...actions: string[]][]) {
  const privileges = rights.map(([collection, ...actions]) => {
    return { db: 'central', collection, actions };
  });
  client = createMongoClient(await guarded().createUser(privileges), 'worker');
  return createOutcomes(client, 'central');
}

/** What a log line shows of its error, stack and all. */
function textOf(line: LogLine | undefined): string {
  return JSON.stringify(describeError(line?.fields['error'] as Error, { withStack: true }));
}

describe('a refusal for want of a right', () => {
  it.each([
    ['ledger', []],
    ['record', [['notify_on_delivery_sent', 'insert'] as [string, string]]],
  ])('is logged without what was to be written: %s', async (what, rights) => {
    const outcomes = await workerWith(rights);
    const record = delivered('DELIVERED', { at: 1, response });
    const failure = failureOf(outcomes.store.end(anEnding('sms-1', { record })));
    const line = await until('the refusal is logged', () => outcomes.logger.lines[0]);
    outcomes.abandon();
    expect(await failure).not.toBeNull();
    expect(line).toMatchObject({ event: 'database_retry', fields: { what } });
    expect(textOf(line)).toContain('not authorized on central to execute a command');
    expect(textOf(line)).not.toContain(response);
  });

  it('is logged without what was to be scheduled', async () => {
    await workerWith([]);
    const retries = createRetries(client, 'central');
    const last = answered(500, {
      response: { text: response, encoding: 'utf8', truncated: false },
    });
    const parked = retryFor('sms-1', { log: aLog(last), body: Buffer.from(response) });
    const failure = failureOf(retries.store.scheduleClaimed(parked));
    const line = await until('the refusal is logged', () => retries.logger.lines[0]);
    retries.abandon();
    expect(await failure).not.toBeNull();
    expect(line).toMatchObject({ event: 'database_retry', fields: { what: 'retry' } });
    expect(textOf(line)).toContain('not authorized on central to execute a command');
    expect(textOf(line)).not.toMatch(/only for the SMS document|customer\.example/);
  });

  it('is logged without the ids that were asked for', async () => {
    const { sms } = await workerWith([]);
    const stopping = new AbortController();
    const logger = createMemoryLogger();
    const state = stateCollections(sms.db);
    const store = createLookups({ sms, state, logger, signal: stopping.signal });
    const { documentKey, smsKey, notificationId } = anEnding('an-id-of-an-sms');
    const failure = failureOf(
      store.lookUp([{ documentKey, smsKey, notificationId, wants: 'document' }]),
    );
    const line = await until('the refusal is logged', () => logger.lines[0]);
    stopping.abort(new Error('stopping'));
    expect(await failure).not.toBeNull();
    expect(textOf(line)).toContain('not authorized on central');
    expect(textOf(line)).not.toContain('an-id-of-an-sms');
  });
});
