import { clientPackage, installCommand } from './clientPackage.ts';
import type { ClientFailure } from './clientErrors.ts';

/** What keeps the workers from working as they are set up, or will one day. */
export interface SetupProblem {
  /** Fatal: no worker may start. */
  readonly severity: 'fatal' | 'warning';
  /** Names the setting, of the connector, the broker or the worker, and what to set it to. */
  readonly sentence: string;
}

/** Settings of a topic, as the broker has them; each null where it is not known. */
export interface TopicConfig {
  readonly cleanupPolicy: string | null;
  /** Negative: unlimited. */
  readonly retentionMs: number | null;
  readonly maxMessageBytes: number | null;
}

export interface TopicFacts {
  readonly topic: string;
  readonly partitions: number;
  readonly config: TopicConfig | null;
  readonly rememberMs: number;
}

const fatal = (sentence: string): SetupProblem => ({ severity: 'fatal', sentence });
const warning = (sentence: string): SetupProblem => ({ severity: 'warning', sentence });

/** Empty for what may pass: that is waited for. */
export function checkFailure({ isFatal, sentence }: ClientFailure): readonly SetupProblem[] {
  return isFatal ? [fatal(sentence)] : [];
}

export function checkClientVersion(version: string): readonly SetupProblem[] {
  const difference = compareVersions(version, clientPackage.version);
  if (difference < 0) {
    return [
      fatal(
        `the client for Kafka is ${clientPackage.name} ${version}, which is too old: update it (${installCommand})`,
      ),
    ];
  }
  const [major] = version.split('.');
  return clientPackage.version.startsWith(`${major}.`)
    ? []
    : [
        warning(
          `the client for Kafka is ${clientPackage.name} ${version}, with which the worker was not tested: use ${clientPackage.version} (${installCommand})`,
        ),
      ];
}

/** Below zero when the first is older. A pre-release counts as its release. */
function compareVersions(first: string, second: string): number {
  const [ours, theirs] = [numbersOf(first), numbersOf(second)];
  const at = ours.findIndex((number, index) => number !== theirs[index]);
  return at === -1 ? 0 : (ours[at] ?? 0) - (theirs[at] ?? 0);
}

const numbersOf = (version: string): readonly number[] =>
  version.split(/[.-]/, 3).map((part) => Number.parseInt(part, 10) || 0);

/** MongoDB's limit of a change event; less than that can be configured where events are small. */
const MESSAGE_BYTES = 1_000_000;
const LEAST_RETENTION_MS = 72 * 3_600_000;

export function checkTopic({ topic, partitions, config, rememberMs }: TopicFacts) {
  const problems: SetupProblem[] = [];
  const { cleanupPolicy = null, retentionMs = null, maxMessageBytes = null } = config ?? {};
  if (cleanupPolicy?.split(',').some((policy) => policy.trim() === 'compact')) {
    problems.push(
      fatal(
        `topic ${topic} is compacted, so that statuses of an SMS get lost: set its cleanup.policy to delete`,
      ),
    );
  }
  const leastMs = Math.max(rememberMs, LEAST_RETENTION_MS);
  if (retentionMs !== null && retentionMs >= 0 && retentionMs < leastMs) {
    problems.push(
      warning(
        `topic ${topic} keeps messages for ${hours(retentionMs)}: after a longer outage of all workers, the collection has to be searched; set its retention.ms to ${leastMs} (${hours(leastMs)}) or more`,
      ),
    );
  }
  if (maxMessageBytes !== null && maxMessageBytes < MESSAGE_BYTES) {
    problems.push(
      warning(
        `topic ${topic} takes messages of at most ${maxMessageBytes} bytes, and a larger event stops the connector: set its max.message.bytes to ${MESSAGE_BYTES} or more`,
      ),
    );
  }
  if (partitions === 1) {
    problems.push(
      warning(
        `topic ${topic} has one partition, so that only one worker at a time has work: add partitions, at least as many as there may be workers`,
      ),
    );
  }
  return problems as readonly SetupProblem[];
}

const hours = (ms: number): string => `${Math.round(ms / 360_000) / 10}h`;

export interface GroupFacts {
  readonly group: string;
  readonly topic: string;
  /** It has members, and these use the protocol of KIP-848. */
  readonly isNewProtocol: boolean;
  /** Of which it has committed offsets. */
  readonly topics: readonly string[];
}

/** Members of the older protocol that share partitions in another way are told from each other when one joins. */
export function checkGroup(facts: GroupFacts): readonly SetupProblem[] {
  const { group, topic, isNewProtocol, topics } = facts;
  if (isNewProtocol) {
    return [
      fatal(
        `KAFKA_GROUP is ${group}, whose members use another protocol (group.protocol=consumer): stop them, or set KAFKA_GROUP to a group that only these workers use`,
      ),
    ];
  }
  const others = topics.filter((name) => name !== topic).sort();
  return others.length === 0
    ? []
    : [
        warning(
          `KAFKA_GROUP is ${group}, which has offsets of other topics too (${others.join(', ')}): if another consumer uses it, set KAFKA_GROUP to a group that only these workers use`,
        ),
      ];
}
