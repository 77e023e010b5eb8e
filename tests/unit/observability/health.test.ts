import { describe, expect, it } from '@jest/globals';
import { createHealth } from '../../../src/observability/health.ts';

const minuteMs = 60_000;
const answers = { status: 'ok', detail: 'answers' } as const;

/** Everything as it should be, on a clock that is set by hand. */
function createReady() {
  const clock = { ms: 5_000 };
  const health = createHealth(() => clock.ms);
  health.set('mongodb', answers);
  health.set('mysql', answers);
  health.streamOpen();
  return { health, clock };
}

describe('what only a start with other settings fixes', () => {
  it('fails readiness at once, and liveness after a minute, until it has passed', () => {
    const { health, clock } = createReady();
    health.hopeless('mongodb', 'MongoDB refuses the credentials');
    expect(health.ready().components['mongodb']).toEqual({
      status: 'fail',
      detail: 'MongoDB refuses the credentials',
    });
    clock.ms += minuteMs - 1;
    health.hopeless('mongodb', 'MongoDB refuses the credentials');
    expect(health.live().status).toBe('ok');
    clock.ms += 1;
    expect(health.live()).toMatchObject({
      status: 'fail',
      components: { mongodb: { status: 'fail' } },
    });
    health.set('mongodb', answers);
    expect(health.live().status).toBe('ok');
  });
});

describe('ready', () => {
  it('is not, before anything was checked', () => {
    expect(createHealth().ready()).toEqual({
      status: 'fail',
      components: {
        mongodb: { status: 'fail', detail: 'not checked yet' },
        mysql: { status: 'fail', detail: 'not checked yet' },
        stream: { status: 'fail', detail: 'not opened yet' },
      },
    });
  });

  it('is, when both databases answer and the stream is open', () => {
    expect(createReady().health.ready()).toEqual({
      status: 'ok',
      components: {
        mongodb: answers,
        mysql: answers,
        stream: { status: 'ok', detail: 'open' },
      },
    });
  });

  it.each(['mongodb', 'mysql'] as const)('is not, while %s does not answer', (component) => {
    const { health } = createReady();
    const down = { status: 'fail', detail: 'ECONNREFUSED' } as const;
    health.set(component, down);
    expect(health.ready()).toMatchObject({ status: 'fail', components: { [component]: down } });
    health.set(component, answers);
    expect(health.ready().status).toBe('ok');
  });

  it('is not, while the stream is down, and says why', () => {
    const { health } = createReady();
    health.streamDown('no primary; reopening in 500 ms');
    expect(health.ready()).toMatchObject({
      status: 'fail',
      components: { stream: { status: 'fail', detail: 'no primary; reopening in 500 ms' } },
    });
    health.streamOpen();
    expect(health.ready().status).toBe('ok');
  });

  it('is not, once the worker is stopping, whatever recovers', () => {
    const { health } = createReady();
    health.draining();
    health.streamOpen();
    health.set('mongodb', answers);
    expect(health.ready()).toMatchObject({
      status: 'fail',
      components: { worker: { status: 'fail', detail: 'stopping' } },
    });
  });
});

describe('live', () => {
  it('is, before a loop has begun and however long nobody answers', () => {
    const clock = { ms: 0 };
    const health = createHealth(() => clock.ms);
    clock.ms = 60 * minuteMs;
    expect(health.live()).toEqual({ status: 'ok', components: {} });
  });

  it('is, while every loop that has begun goes round', () => {
    const { health, clock } = createReady();
    health.turned('stream');
    health.turned('checkpoint');
    clock.ms += 10 * minuteMs - 1;
    expect(health.live()).toEqual({
      status: 'ok',
      components: {
        stream: { status: 'ok', detail: 'last turned 600 s ago' },
        checkpoint: { status: 'ok', detail: 'last turned 600 s ago' },
      },
    });
  });

  it.each([
    ['stream', 'checkpoint'],
    ['checkpoint', 'stream'],
  ] as const)('is not, when the %s loop has hung, though the %s loop turns', (hung, other) => {
    const { health, clock } = createReady();
    health.turned(hung);
    clock.ms += 10 * minuteMs;
    health.turned(other);
    expect(health.live()).toMatchObject({
      status: 'fail',
      components: { [hung]: { status: 'fail' }, [other]: { status: 'ok' } },
    });
    health.turned(hung);
    expect(health.live().status).toBe('ok');
  });

  it('is, while the worker is not ready or is stopping: a restart would fix nothing', () => {
    const { health } = createReady();
    health.turned('stream');
    health.set('mysql', { status: 'fail', detail: 'ECONNREFUSED' });
    health.streamDown('no primary');
    health.draining();
    expect(health.live().status).toBe('ok');
  });

  it('is, however long a loop waits on purpose, and no longer once it turns again and hangs', () => {
    const { health, clock } = createReady();
    health.turned('stream');
    health.waits('stream');
    clock.ms += 60 * minuteMs;
    expect(health.live().status).toBe('ok');
    health.turned('stream');
    clock.ms += 10 * minuteMs;
    expect(health.live().status).toBe('fail');
  });
});
