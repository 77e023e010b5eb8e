/**
 * Runs database calls whose errors are to be logged. A server that refuses a call for want of a right
 * quotes the whole command in its message: a webhook's response, or hundreds of ids.
 */
export async function withoutCommands<Result>(calls: () => Promise<Result>): Promise<Result> {
  try {
    return await calls();
  } catch (error) {
    removeQuotes(error);
    throw error;
  }
}

/** Takes out of an error what the server quotes in it: commands, and how a document too large begins. */
export function removeQuotes(error: unknown): void {
  if (!(error instanceof Error)) return;
  const { message, stack } = error;
  error.message = cut(message);
  // It begins with the message.
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
}

function cut(text: string): string {
  return text
    .replace(/ to execute command \{.*\}/s, ' to execute a command')
    .replace(/ First element: .*/s, '');
}
