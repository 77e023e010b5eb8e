import { count, seconds, WIDTH } from './layout.ts';
import type { Narrator } from './narrator.ts';
import type { Report } from './report.ts';

/** The closing figures of a demo that went well. */
export function tellSummary(report: Report, narrator: Narrator, elapsedMs: number): void {
  const { versions, upMs = 0, firstNotificationMs = 0, burst, scenes } = report;
  const checks = scenes.reduce((sum, scene) => sum + scene.checks.length, 0);
  narrator.heading(`All ${checks} checks passed`);
  const rows = [
    ['up after', seconds(upMs), `MongoDB ${versions?.mongodb}, ${versions?.mysql}, the worker`],
    ['first call', `${firstNotificationMs} ms`, 'from the status in MongoDB to the webhook'],
    ['burst', `${count(burst?.perSecond ?? 0)}/s`, burstText(burst)],
    ['in all', seconds(elapsedMs), `${scenes.length} scenes`],
  ];
  narrator.lines(
    rows
      .map(
        ([name = '', value = '', what = '']) => `${name.padEnd(11)}${value.padStart(8)}   ${what}`,
      )
      .map((line) => line.slice(0, WIDTH - 4))
      .join('\n'),
  );
}

function burstText(burst: Report['burst']): string {
  if (burst === undefined) return '';
  const { statuses, p50Ms, p99Ms } = burst;
  return `${count(statuses)} statuses; to the 2xx: p50 ${count(p50Ms)} ms, p99 ${count(p99Ms)} ms`;
}
