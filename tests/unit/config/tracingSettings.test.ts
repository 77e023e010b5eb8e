import { describe, expect, it } from '@jest/globals';
import { describeConfig, loadConfig } from '../../../config/loadConfig.ts';
import { formatProblem, type Environment } from '../../../config/reading.ts';
import { configOf, problemsOf, readNothing, required } from './loading.ts';

const traced = { ...required, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const saidOf = (env: Environment): readonly string[] => problemsOf(env).map(formatProblem);

describe('the settings of traces', () => {
  it('trace nothing by default', () => {
    expect(configOf(required).tracing).toEqual({
      endpoint: null,
      headers: null,
      protocol: 'http/protobuf',
      timeoutMs: 10_000,
      serviceName: null,
      resourceAttributes: {},
      sampler: 'parentbased_always_on',
      samplerArgument: null,
    });
  });

  it('are read as the specification writes them', () => {
    const { tracing } = configOf({
      ...traced,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20a%2Cb=, x-tenant = sms',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=production,team=sms%2Cvoice',
      OTEL_SERVICE_NAME: 'notify',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.05',
    });
    expect(tracing).toMatchObject({
      endpoint: 'http://collector:4318',
      headers: { authorization: 'Bearer a,b=', 'x-tenant': 'sms' },
      resourceAttributes: { 'deployment.environment.name': 'production', team: 'sms,voice' },
      serviceName: 'notify',
      samplerArgument: '0.05',
    });
  });

  it('never show the headers, which may come from a file', () => {
    const headers = 'authorization=Bearer%20s3cret';
    const described = describeConfig(
      configOf({
        ...traced,
        OTEL_EXPORTER_OTLP_HEADERS: headers,
        OTEL_RESOURCE_ATTRIBUTES: 'a=b c',
      }),
    );
    expect(described).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'set',
      OTEL_RESOURCE_ATTRIBUTES: 'a=b%20c',
    });
    expect(JSON.stringify(described)).not.toContain('s3cret');
    const env = { ...traced, OTEL_EXPORTER_OTLP_HEADERS_FILE: '/run/secrets/otlp' };
    const loaded = loadConfig(env, (path) => (path === '/run/secrets/otlp' ? headers : 'SELECT 1'));
    expect(loaded).toMatchObject({
      config: { tracing: { headers: { authorization: 'Bearer s3cret' } } },
    });
  });

  it.each([
    ['collector:4318', 'which is not an http or https URL'],
    ['grpc://collector:4317', 'which is not an http or https URL'],
    ['http://', 'which is not an http or https URL'],
    ['http://collector:99999', 'which is not an http or https URL'],
    [
      'http://user:s3cret@collector:4318',
      'which has a user name or password, which belong into OTEL_EXPORTER_OTLP_HEADERS',
    ],
    ['http://collector:4318/?key=1', 'which has a query or fragment'],
  ])('name a wrong endpoint: %s', (endpoint, wrong) => {
    const said = saidOf({ ...required, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(wrong);
    expect(said[0]).toContain('write a URL such as http://collector:4318');
    expect(said[0]).not.toContain('s3cret');
  });

  it.each([
    ['s3cret', 'has no = in header 1'],
    ['a=b,Bearer s3cret=x', 'has no valid name in header 2'],
    ['a=s3cret%', 'has a % that is not part of percent-encoding in header 1'],
    ['a=s3cret%0A', "has characters that can't be sent in header 1"],
  ])('name a wrong header without showing it: %s', (headers, wrong) => {
    const said = saidOf({ ...traced, OTEL_EXPORTER_OTLP_HEADERS: headers });
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`OTEL_EXPORTER_OTLP_HEADERS ${wrong}`);
    expect(said[0]).not.toContain('s3cret');
  });

  it('refuse what the worker does not speak, but only where something is traced', () => {
    const other = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_TRACES_SAMPLER_ARG: 'endpoint=x' };
    const ratio = { ...other, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' };
    expect(saidOf({ ...required, ...ratio })).toEqual([]);
    expect(saidOf({ ...traced, ...ratio })).toEqual([
      'OTEL_EXPORTER_OTLP_PROTOCOL is grpc, which this worker does not speak; set http/protobuf, with the port of the collector for HTTP (usually 4318) in OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_TRACES_SAMPLER_ARG is not a number from 0 to 1; write the share of notifications to trace, such as 0.05',
    ]);
    expect(saidOf({ ...traced, OTEL_TRACES_SAMPLER_ARG: 'x' })).toEqual([]);
    const ofOthers = { OTEL_TRACES_SAMPLER: 'xray', OTEL_EXPORTER_OTLP_TIMEOUT: '120000' };
    expect(saidOf({ ...required, ...ofOthers })).toEqual([]);
    expect(saidOf({ ...traced, ...ofOthers })).toEqual([
      'OTEL_TRACES_SAMPLER is xray, which this worker does not know; set one of always_on, parentbased_always_on, always_off, parentbased_always_off, traceidratio, parentbased_traceidratio',
    ]);
  });

  it.each(['0', '1', '0.5', '1.0', '.25'])('take the share %s', (share) => {
    const env = { ...traced, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: share };
    expect(saidOf(env)).toEqual([]);
  });

  it.each(['-1', '1.1', '2', '5%', 'NaN', '.'])('do not take the share %s', (share) => {
    const env = { ...traced, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: share };
    expect(saidOf(env)).toHaveLength(1);
  });

  it('take no other standard variable for a misspelt one', () => {
    const others = ['TRACES_ENDPOINT', 'TRACES_TIMEOUT', 'COMPRESSION', 'INSECURE', 'CLIENT_KEY'];
    for (const name of others) {
      const env = { ...required, [`OTEL_EXPORTER_OTLP_${name}`]: 'x' };
      expect(loadConfig(env, readNothing).warnings).toEqual([]);
    }
    const misspelt = { ...required, OTEL_EXPORTER_OTLP_ENDPIONT: 'http://collector:4318' };
    expect(loadConfig(misspelt, readNothing).warnings).toHaveLength(1);
  });
});
