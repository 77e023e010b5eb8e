import type {
  ChangeStream,
  ChangeStreamOptions,
  ChangeStreamUpdateDocument,
  Collection,
  Document,
} from 'mongodb';

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

/** What a baseline is asked while it runs, one question after the other. */
export type Question = Readonly<{ kind: 'post'; count: number } | { kind: keyof Answers }>;

export interface Answers {
  readonly count: number;
  readonly arrivals: readonly (readonly [id: string, atUs: number])[];
}

export function readTask(): Task {
  return JSON.parse(process.argv[2] ?? '') as Task;
}

/** Baselines end with the process that started them. */
export function converse(onQuestion: (question: Question) => void): void {
  process.on('message', onQuestion);
  process.on('disconnect', () => process.exit());
}

export function reply(answer: 'ready' | Answers[keyof Answers]): void {
  process.send?.(answer);
}

/** The updates that set a delivery status, all from now on. */
export async function openStatusChanges<Sms extends Document>(
  collection: Collection<Sms>,
  options: ChangeStreamOptions,
): Promise<ChangeStream<Sms, ChangeStreamUpdateDocument<Sms>>> {
  const $match = {
    operationType: 'update',
    'updateDescription.updatedFields.deliveryStatus': { $exists: true },
  };
  const stream = collection.watch<Sms, ChangeStreamUpdateDocument<Sms>>([{ $match }], options);
  // It is opened by its first read.
  await stream.tryNext();
  return stream;
}

/**
 * Starts work as soon as less than the limit is under way; resolves when it has started. Nobody handles what fails: it
 * ends the process, as a measurement that goes on would mean nothing.
 */
export function createSlots(limit: number) {
  let free = limit;
  const waiting: (() => void)[] = [];
  const giveBack = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async run(work: () => Promise<void>): Promise<void> {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      void work().finally(giveBack);
    },
  };
}

type Post = (url: string, headers: Record<string, string>, body: string) => Promise<void>;

/** Makes as many calls as it is asked to, so many at once, to the webhooks in turn. */
export function postOnDemand(post: Post): void {
  const { urls, concurrency, body } = readTask();
  const slots = createSlots(concurrency);
  let posted = 0;
  const postMany = async (count: number): Promise<void> => {
    for (const end = posted + count; posted < end; posted += 1) {
      const url = urls[posted % urls.length] ?? '';
      const headers = { 'content-type': 'application/json', 'webhook-id': `post-${posted}:SENT` };
      await slots.run(async () => await post(url, headers, body));
    }
  };
  converse((question) => {
    if (question.kind === 'post') void postMany(question.count);
  });
  reply('ready');
}
