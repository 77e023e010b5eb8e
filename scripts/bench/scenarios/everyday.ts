import { compare } from '../compare.ts';
import { WORKER } from '../contenders.ts';
import type { Lab } from '../lab.ts';
import { target, type Target } from '../report.ts';
import type { Scenario } from '../scenario.ts';

/** How long statuses are written at each rate. A lower rate needs longer for equally good percentiles. */
const LOADS = [
  { perSecond: 20, seconds: 20 },
  { perSecond: 200, seconds: 15 },
  { perSecond: 1_000, seconds: 10 },
] as const;
const QUICK_SECONDS = 3;
/** With fewer statuses, most of the CPU time would be that of V8's compilers. */
const QUICK_WARM_UP = 2_000;
/** How long after the last write the last arrival may come. */
const TAIL_MS = 5_000;
/** After this rate, the idle contenders are measured. */
const IDLE_AFTER = 200;

type At = Readonly<{ perSecond: number }> & Awaited<ReturnType<typeof compare>>;

/** How long a customer waits on an ordinary day, and what that costs. */
export const everyday: Scenario = {
  name: 'everyday',
  title: '20, 200 and 1,000 statuses a second, 20 endpoints that answer at once',
  async run(lab) {
    const parts: At[] = [];
    for (const { perSecond, seconds } of LOADS) {
      parts.push(await at(lab, perSecond, lab.isQuick ? QUICK_SECONDS : seconds));
    }
    return {
      text: parts.map(({ perSecond, text }) => `${titleFor(perSecond)}:\n${text}`).join('\n\n'),
      data: { parts: parts.map(({ perSecond, data }) => ({ perSecond, ...data })) },
      plots: parts.flatMap(({ perSecond, plots }) =>
        plots.map(({ name, title, ...plot }) => ({
          ...plot,
          name: `${name}-${perSecond}`,
          title: `${titleFor(perSecond)}: ${title}`,
        })),
      ),
      targets: parts.flatMap(targetsOf),
    };
  },
};

async function at(lab: Lab, perSecond: number, seconds: number): Promise<At> {
  const followers = lab.contenders.filter(
    ({ name, drivenBy }) => drivenBy === 'statuses' && name !== 'naive-1',
  );
  const warmUp = lab.isQuick ? QUICK_WARM_UP : lab.warmUp;
  const log = (what: string): void => lab.log(`${perSecond} a second, ${what}`);
  const compared = await compare({ ...lab, warmUp, log }, followers, {
    count: seconds * perSecond,
    limitMs: seconds * 1_000 + TAIL_MS,
    delayMs: 0,
    perSecond,
    idleMs: perSecond !== IDLE_AFTER ? 0 : lab.isQuick ? 3_000 : 10_000,
  });
  return { perSecond, ...compared };
}

function titleFor(perSecond: number): string {
  return `${perSecond.toLocaleString('en-US')} statuses a second`;
}

function targetsOf({ perSecond, rows, against }: At): readonly Target[] {
  const naive = against.find(({ name }) => name === 'naive-64');
  const of = (figure: string): string => `${figure} at ${perSecond}/s / naive, 64 at once`;
  if (perSecond === 20) return [target(of('p50'), naive?.p50, '≤ 1.3 ×')];
  if (perSecond === 1_000) return [target(of('CPU'), naive?.cpuUs, '≤ 0.7 ×')];
  const idleCpu = rows.find(({ name }) => name === WORKER)?.idleCpu ?? null;
  return [
    target(of('CPU'), naive?.cpuUs, '≤ 1 ×'),
    target(of('p50'), naive?.p50, '≤ 1.3 ×'),
    target(of('p99'), naive?.p99, '≤ 1.5 ×'),
    target('idle CPU of the worker, % of a core', idleCpu && 100 * idleCpu, '≤ 0.5 %'),
  ];
}
