import type { z } from 'zod';

/** The value read, or what is wrong with the text. */
export function parse<Value>(
  parser: z.ZodType<Value, string>,
  text: string,
): Readonly<{ value: Value }> | Readonly<{ wrong: string }> {
  const parsed = parser.safeParse(text);
  return parsed.success
    ? { value: parsed.data }
    : { wrong: parsed.error.issues.map(({ message }) => message).join('; ') };
}
