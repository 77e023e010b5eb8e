import type { LoopHealth } from '../ports/telemetry.ts';

interface Component {
  readonly status: 'ok' | 'fail';
  /** A phrase for people. */
  readonly detail: string;
}

/** What a probe answers. */
export interface HealthReport {
  readonly status: 'ok' | 'fail';
  readonly components: Readonly<Record<string, Component>>;
}

export interface Health extends LoopHealth {
  set(component: 'mongodb' | 'mysql' | 'kafka', state: Component): void;
  /**
   * The component fails, and only a restart with other settings can fix it, until `set` reports otherwise. After a
   * minute of that `live` fails too.
   */
  hopeless(component: 'mongodb' | 'mysql', detail: string): void;
  draining(): void;
  /** Ready to work: both databases answer, the stream is open, and the worker is not stopping. */
  ready(): HealthReport;
  /** Alive: every started loop still turns, and waiting can help. */
  live(): HealthReport;
}

/**
 * A loop that has not turned for this long hangs. Generous, because one read of the stream may scan the oplog for
 * minutes without finding a relevant change.
 */
const SILENT_AFTER_MS = 10 * 60_000;

/** Long enough for a password that is being changed in two places. */
const HOPELESS_AFTER_MS = 60_000;

export function createHealth(now: () => number = () => performance.now()): Health {
  const waiting: Component = { status: 'fail', detail: 'not checked yet' };
  const components = new Map<string, Component>([
    ['mongodb', waiting],
    ['mysql', waiting],
    ['stream', { status: 'fail', detail: 'not opened yet' }],
  ]);
  const turnedAt = new Map<string, number>();
  const hopelessSince = new Map<string, number>();
  return {
    set(component, state) {
      components.set(component, state);
      hopelessSince.delete(component);
    },
    hopeless(component, detail) {
      components.set(component, { status: 'fail', detail });
      if (!hopelessSince.has(component)) hopelessSince.set(component, now());
    },
    streamOpen() {
      components.set('stream', { status: 'ok', detail: 'open' });
    },
    standby() {
      components.set('stream', { status: 'ok', detail: 'standby: another worker has the lease' });
      for (const loop of ['stream', 'checkpoint']) turnedAt.delete(loop);
    },
    streamDown(detail) {
      components.set('stream', { status: 'fail', detail });
    },
    turned(loop) {
      turnedAt.set(loop, now());
    },
    waits(loop) {
      turnedAt.delete(loop);
    },
    draining() {
      components.set('worker', { status: 'fail', detail: 'stopping' });
    },
    ready: () => report(components),
    live() {
      const loops = [...turnedAt].map(([loop, atMs]): [string, Component] => {
        const silentMs = now() - atMs;
        const status = silentMs < SILENT_AFTER_MS ? 'ok' : 'fail';
        return [loop, { status, detail: `last turned ${Math.round(silentMs / 1000)} s ago` }];
      });
      const beyondHelp = [...hopelessSince].flatMap(([component, atMs]): [string, Component][] =>
        now() - atMs < HOPELESS_AFTER_MS
          ? []
          : [[component, { status: 'fail', detail: 'only a restart with other settings helps' }]],
      );
      return report(new Map([...loops, ...beyondHelp]));
    },
  };
}

function report(components: ReadonlyMap<string, Component>): HealthReport {
  const failing = [...components.values()].some((component) => component.status === 'fail');
  return { status: failing ? 'fail' : 'ok', components: Object.fromEntries(components) };
}
