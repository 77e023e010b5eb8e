import type { Narrator } from './narrator.ts';
import { createPlatform } from './platform.ts';
import { createChecks, isPassed, type Report, type SceneReport } from './report.ts';
import type { Scene } from './scene.ts';
import { setUp } from './setUp.ts';
import type { Stage } from './stage.ts';
import { createWaiting } from './waiting.ts';

export interface Play {
  readonly stage: Stage;
  readonly narrator: Narrator;
  readonly report: Report;
  /** Aborted when nothing more is to be waited for. */
  readonly signal: AbortSignal;
  /** Aborted when the demo is to end though nothing is wrong. */
  readonly interrupted: AbortSignal;
}

/** Plays one after the other, up to the first in which something is not as it should be. */
export async function playScenes(scenes: readonly Scene[], play: Play): Promise<void> {
  for (const scene of scenes) {
    if (isPassed(play.report)) await playScene(scene, play);
  }
}

async function playScene(scene: Scene, play: Play): Promise<void> {
  const { stage, narrator, report, signal, interrupted } = play;
  const sceneReport: SceneReport = { name: scene.name, durationMs: 0, checks: [] };
  report.scenes.push(sceneReport);
  narrator.heading(`${report.scenes.length}  ${scene.title}`);
  const checks = createChecks((check) => {
    sceneReport.checks.push(check);
    narrator.verdict(check);
  });
  const began = performance.now();
  try {
    await scene.play({
      ...createWaiting(stage, signal),
      stage,
      narrator,
      checks,
      report,
      scene: sceneReport,
      platform: createPlatform(stage.sms, narrator),
      setUp: (account, shown) =>
        setUp(account, shown, { connection: stage.central.connection, narrator }),
    });
  } catch (error) {
    if (interrupted.aborted) throw error;
    const seen = error instanceof Error ? error.message : String(error);
    checks.broken('The scene can be played to its end.', seen);
  }
  sceneReport.durationMs = Math.round(performance.now() - began);
}
