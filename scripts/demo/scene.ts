import type { Narrator } from './narrator.ts';
import type { Platform } from './platform.ts';
import type { Checks, Report, SceneReport } from './report.ts';
import type { AccountSetUp } from './setUp.ts';
import type { Stage } from './stage.ts';
import type { Waiting } from './waiting.ts';

export interface SceneTools extends Waiting {
  readonly stage: Stage;
  readonly narrator: Narrator;
  readonly platform: Platform;
  readonly checks: Checks;
  /** Takes the three steps in MySQL; shows those that are named. */
  setUp(account: AccountSetUp, shown: readonly ('account' | 'webhook' | 'flow')[]): Promise<void>;
  /** Where samples go. */
  readonly scene: SceneReport;
  readonly report: Report;
}

/** A story with its own account, flow and webhook. */
export interface Scene {
  readonly name: string;
  readonly title: string;
  play(tools: SceneTools): Promise<void>;
}
