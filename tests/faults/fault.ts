import type { Random } from './random.ts';

/** What one fault is given to happen in. */
export interface FaultContext {
  readonly random: Random;
  /** The long form: more rounds of the same. */
  readonly isLong: boolean;
  /** Says what is being done to the worker now. */
  log(text: string): void;
}

/** What came of the load while the fault was at work. */
export interface FaultResult {
  /** Notifications that were owed. */
  readonly statuses: number;
  /** Of these, answered with a complete 2xx. */
  readonly delivered: number;
  /** Owed, and neither delivered nor ended in the way the fault expects. */
  readonly lost: readonly string[];
  /** Ended, but not so that the ledger, the SMS document and durable state all show it. */
  readonly unrecorded: readonly string[];
  /** Called again after a complete 2xx although the ledger had that end by then. */
  readonly forbidden: readonly string[];
  /** Called again after a complete 2xx that was not in the ledger yet. */
  readonly repeated: readonly string[];
  /** How many of those there may be: what was between its call's beginning and the ledger at a kill. */
  readonly atRisk: number;
  /** Called while another status of the same SMS was being called. */
  readonly together: readonly string[];
  /** From the end of the fault to the last record; null when it did not come to that. */
  readonly recoveredMs: number | null;
  /** Other troubles, such as an exit code that should not be. */
  readonly problems: readonly string[];
}

/** One way for things to go wrong. */
export interface Fault {
  readonly name: string;
  readonly description: string;
  run(context: FaultContext): Promise<FaultResult>;
}
