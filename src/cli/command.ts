import type { Config } from '../../config/config.ts';
import type { WebhookSender } from '../pipeline/ports.ts';
import type { MongoConnection } from '../mongo/connect.ts';
import type { MysqlClient } from '../mysql/connect.ts';
import type { RouteQuery } from '../mysql/routeQuery.ts';

/** What a command has found out or done. */
export interface CommandResult {
  /** For `--json`; made of plain values and dates. */
  readonly data: unknown;
  /** The same for people. */
  readonly text: string;
  /** It found a problem, or refused: exit code 1. */
  readonly isProblem?: boolean;
}

/** What commands work with. What is opened is closed when the command has ended. */
export interface Bench {
  readonly config: Config;
  readonly version: string;
  /** Aborted by SIGINT or SIGTERM: what runs for long stops where it can go on later. */
  readonly stopping: AbortSignal;
  /** Connected. Rejects with what is wrong with each server. */
  mongo(): Promise<MongoConnection>;
  mysql(): MysqlClient;
  routeQuery(): RouteQuery;
  sender(): WebhookSender;
  /** For what takes long, and only where somebody watches; replaces what was shown before. */
  readonly progress: Progress;
}

/** A line that tells how far something has come. */
export interface Progress {
  /** Whether anybody watches. */
  readonly isShown: boolean;
  show(text: string): void;
  clear(): void;
}

/** A command can't be done, and the user is to be told why in one sentence. */
export class Refused extends Error {
  override readonly name = 'Refused';
}
