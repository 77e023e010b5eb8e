/** What a baseline is started with, as its one argument in JSON. */
export interface Task {
  readonly mongodbUri: string;
  readonly database: string;
  readonly collection: string;
  /** The webhook of account `firstAccount + n`. */
  readonly urls: readonly string[];
  readonly firstAccount: number;
  readonly concurrency: number;
  /** What is posted where there is no document. */
  readonly body: string;
}

/** What a baseline is asked while it runs. */
export type Question =
  | Readonly<{ kind: 'post'; count: number }>
  | Readonly<{ kind: 'count' }>
  | Readonly<{ kind: 'arrivals' }>;

export type Answer =
  | Readonly<{ kind: 'ready' }>
  | Readonly<{ kind: 'count'; count: number }>
  | Readonly<{ kind: 'arrivals'; arrivals: readonly (readonly [id: string, atUs: number])[] }>;

export function readTask(): Task {
  return JSON.parse(process.argv[2] ?? '') as Task;
}

/** Baselines end with the process that started them. */
export function converse(onQuestion: (question: Question) => void): void {
  process.on('message', onQuestion);
  process.on('disconnect', () => process.exit());
}

export function say(answer: Answer): void {
  process.send?.(answer);
}
