import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { streamPipeline } from '../../../src/mongo/streamEvent.ts';

const file = join(packageRoot(), 'deploy/kafka/mongo-source.json');
const { config } = JSON.parse(readFileSync(file, 'utf8')) as { config: Record<string, string> };
const pipeline = JSON.parse(config['pipeline'] ?? '[]') as readonly Record<string, unknown>[];

describe('the pipeline of the connector', () => {
  it('lets through what the change stream lets through', () => {
    const [match] = streamPipeline({ skipLongIds: true });
    expect(pipeline[0]).toEqual(match);
  });

  it('shows of a document what the change stream shows in brief', () => {
    const [, projection = {}] = streamPipeline({ extent: 'brief' });
    const { brief } = projection['$project'] as { brief: unknown };
    expect(pipeline[1]).toEqual({ $set: { brief } });
  });

  it('shows which collection has taken the place of the watched one', () => {
    expect(pipeline[2]).toMatchObject({ $project: { operationType: 1, ns: 1, to: 1 } });
  });
});
