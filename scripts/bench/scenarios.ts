import type { Scenario } from './scenario.ts';
import { backlog } from './scenarios/backlog.ts';
import { everyday } from './scenarios/everyday.ts';
import { growth } from './scenarios/growth.ts';
import { fairness } from './scenarios/fairness.ts';
import { latency20, latency200 } from './scenarios/latency.ts';
import { recovery } from './scenarios/recovery.ts';
import { throughput } from './scenarios/throughput.ts';

export const scenarios: readonly Scenario[] = [
  throughput,
  latency20,
  latency200,
  everyday,
  backlog,
  growth,
  fairness,
  recovery,
];
