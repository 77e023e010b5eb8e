import { isError } from '../runtime/errors.ts';

export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
  /** What an AggregateError holds; often it says nothing itself. */
  readonly errors?: readonly ErrorDescription[];
}

const CAUSES_SHOWN = 5;

/**
 * An error as plain values for a log line: its own name, code, message and stack, and its causes. Other
 * properties are left out on purpose: drivers hang whole commands and documents on their errors.
 */
export function describeError(error: Error, causesLeft = CAUSES_SHOWN): ErrorDescription {
  const { code, cause, errors } = error as Partial<Record<'code' | 'cause' | 'errors', unknown>>;
  return {
    name: error.name,
    message: withoutCredentials(error.message),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(error.stack !== undefined && { stack: withoutCredentials(error.stack) }),
    ...(isError(cause) && causesLeft > 0 && { cause: describeError(cause, causesLeft - 1) }),
    ...(Array.isArray(errors) &&
      causesLeft > 0 && {
        errors: errors
          .filter(isError)
          .slice(0, CAUSES_SHOWN)
          .map((each) => describeError(each, causesLeft - 1)),
      }),
  };
}

/** A connection string quoted in a driver's message loses its user and password. */
function withoutCredentials(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)\S*@/gi, '$1***@');
}
