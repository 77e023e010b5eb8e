/** What the command line of a script asks for. */
export type ParsedArgs<Options> =
  | Readonly<{ kind: 'run'; options: Options }>
  | Readonly<{ kind: 'help' }>
  | Readonly<{ kind: 'misused'; message: string }>;

export function misused(message: string): ParsedArgs<never> {
  return { kind: 'misused', message };
}
