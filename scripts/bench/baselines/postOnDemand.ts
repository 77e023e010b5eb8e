import { createSlots } from './slots.ts';
import { converse, readTask, say } from './task.ts';

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
  say({ kind: 'ready' });
}
