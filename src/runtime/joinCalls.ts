/** Calls without arguments: while one is under way, others get its result. */
export function joinCalls<Result>(call: () => Promise<Result>): () => Promise<Result> {
  let underWay: Promise<Result> | null = null;
  return async () => {
    underWay ??= call().finally(() => {
      underWay = null;
    });
    return await underWay;
  };
}
