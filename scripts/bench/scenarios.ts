import type { Scenario } from './scenario.ts';
import { backlog } from './scenarios/backlog.ts';
import { besideConsoles } from './scenarios/besideConsoles.ts';
import { cold } from './scenarios/cold.ts';
import { everyday } from './scenarios/everyday.ts';
import { growth } from './scenarios/growth.ts';
import { fairness } from './scenarios/fairness.ts';
import { latency20, latency200 } from './scenarios/latency.ts';
import { outage } from './scenarios/outage.ts';
import { recovery } from './scenarios/recovery.ts';
import { replay } from './scenarios/replay.ts';
import { scaleout } from './scenarios/scaleout.ts';
import { threads } from './scenarios/threads.ts';
import { throughput } from './scenarios/throughput.ts';

export const scenarios: readonly Scenario[] = [
  throughput,
  threads,
  latency20,
  latency200,
  everyday,
  cold,
  backlog,
  growth,
  fairness,
  recovery,
  outage,
  replay,
  scaleout,
  besideConsoles,
];
