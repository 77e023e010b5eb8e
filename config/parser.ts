import { z } from 'zod';

/**
 * Reads the text of one setting. `refuse` takes what is wrong, worded to follow the value (`is not a
 * number`) and without the value itself, which may be a secret; use it as `return refuse(…)`.
 */
type Read<Value> = (text: string, refuse: (wrong: string) => never) => Value;

/** `expected` is what an operator should write, worded to follow "write". */
export function parser<Value>(expected: string, read: Read<Value>) {
  return z
    .string()
    .transform((text, context) =>
      read(text, (wrong) => {
        context.addIssue({ code: 'custom', message: wrong });
        return z.NEVER;
      }),
    )
    .describe(expected);
}
