/**
 * Runs database calls whose errors are to be logged. A server that refuses a call for want of a right
 * quotes the whole command in its message: a webhook's response, or hundreds of ids.
 */
export async function withoutCommands<Result>(calls: () => Promise<Result>): Promise<Result> {
  try {
    return await calls();
  } catch (error) {
    if (error instanceof Error) {
      error.message = cut(error.message);
      // It begins with the message.
      if (error.stack !== undefined) error.stack = cut(error.stack);
    }
    throw error;
  }
}

function cut(text: string): string {
  return text.replace(/ to execute command \{.*\}/s, ' to execute a command');
}
