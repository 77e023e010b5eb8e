/** What a batch has answered, that of the items included that were done by themselves. */
export async function eachOf<Result>(
  answers: Promise<readonly (Result | Promise<Result>)[]>,
): Promise<Result[]> {
  return await Promise.all((await answers).map(async (answer) => await answer));
}
