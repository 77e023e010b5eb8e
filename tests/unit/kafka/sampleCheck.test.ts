import { describe, expect, it } from '@jest/globals';
import {
  checkSample,
  type SampledContent,
  type SampledMessage,
} from '../../../src/kafka/sampleCheck.ts';

const message = (content: SampledContent, isInPlace: boolean | null = true): SampledMessage => ({
  partition: 3,
  offset: 41,
  content,
  isInPlace,
});
const check = (...sample: SampledMessage[]) =>
  checkSample({ topic: 'sms', namespace: 'central.SMSDetailDocument', sample });
const change = message({ kind: 'change' });
const unreadable = (reason: string): SampledMessage =>
  message({ kind: 'unreadable', reason }, null);

describe('the last messages of a topic', () => {
  it.each([
    [[]],
    [[change]],
    [[message({ kind: 'ignored' }), message({ kind: 'collectionGone' })]],
    [[message({ kind: 'heartbeat' }, false)]],
    [[message({ kind: 'change' }, null)]],
  ])('have no problem: %j', (sample) => {
    expect(check(...sample)).toEqual([]);
  });

  it.each([
    [
      'no_key',
      /output\.format\.key=json, .*StringConverter and change\.stream\.document\.key\.as\.key=true/,
    ],
    ['foreign_key', /output\.format\.key=json/],
    ['not_decodable', /output\.format\.value=bson and value\.converter=.*ByteArrayConverter/],
    ['unknown_format', /output\.format\.value=bson .* Avro, Protobuf and schema registries/],
    ['simplified_json', /output\.json\.formatter=.*\.ExtendedJson/],
    ['full_document_only', /publish\.full\.document\.only=false/],
    ['no_operation', /keep operationType/],
    ['no_document_key', /keep .*documentKey/],
    ['nothing_written', /keep .*updateDescription/],
    ['too_large', /\$project/],
    ['of_a_later_version', /docs\/kafka\.md/],
  ])('that are unreadable (%s) name the setting of the connector', (reason, setting) => {
    const [problem, ...others] = check(unreadable(reason), unreadable(reason));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ severity: 'fatal', sentence: expect.stringMatching(setting) });
    expect(problem?.sentence).toMatch(
      new RegExp(`^topic sms has messages that can not be read \\(${reason}\\): `),
    );
    expect(problem?.sentence).toMatch(/\(such as the message at offset 41 of partition 3\)$/);
  });

  it('may not be of another collection', () => {
    expect(check(message({ kind: 'otherCollection', namespace: 'central.Accounts' }))).toEqual([
      {
        severity: 'fatal',
        sentence:
          'topic sms has events of central.Accounts and not of central.SMSDetailDocument: set database and collection of the connector, or KAFKA_TOPIC, MONGODB_DATABASE and MONGODB_COLLECTION (such as the message at offset 41 of partition 3)',
      },
    ]);
  });

  it('may not be where their keys do not belong', () => {
    expect(check(message({ kind: 'change' }, false))).toMatchObject([
      {
        severity: 'fatal',
        sentence: expect.stringContaining('remove producer.override.partitioner.class'),
      },
    ]);
  });

  it('are warned of when others are as they should be', () => {
    expect(check(unreadable('no_key'), change)).toMatchObject([{ severity: 'warning' }]);
  });

  it('are not told right by heartbeats', () => {
    const heartbeat = message({ kind: 'heartbeat' }, null);
    expect(check(heartbeat, unreadable('no_key'))).toMatchObject([{ severity: 'fatal' }]);
  });

  it('are reported once for each kind of fault', () => {
    const other = message({ kind: 'otherCollection', namespace: 'a.b' });
    const problems = check(unreadable('no_key'), other, unreadable('no_key'), other);
    expect(problems.map(({ severity }) => severity)).toEqual(['fatal', 'fatal']);
  });
});
