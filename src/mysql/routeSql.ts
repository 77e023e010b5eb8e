import { RouteQueryError } from './errors.ts';

const parameterNames = ['accountId', 'flowId', 'deliveryStatus'] as const;
type RouteParameter = (typeof parameterNames)[number];

/** The route query as the server takes it. */
export interface CompiledRouteQuery {
  /** One SELECT without comments, a `?` for every parameter. */
  readonly sql: string;
  /** What to bind, in the order of the `?`. */
  readonly parameters: readonly RouteParameter[];
}

/**
 * MySQL's lexical rules, as far as they decide where text and comments end. `/*!` and `/*+` are not
 * comments but code and hints. A backslash in a string escapes, as it does unless the server's sql_mode
 * says otherwise.
 */
const piece = new RegExp(
  [
    String.raw`(?<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|${'`'}(?:[^${'`'}]|${'``'})*${'`'})`,
    String.raw`(?<code>\/\*(?:!|\+|M!))`,
    String.raw`(?<comment>--(?=\s|$)[^\n]*|#[^\n]*|\/\*.*?\*\/)`,
    String.raw`(?<unended>['"${'`'}]|\/\*)`,
    String.raw`:(?<name>[A-Za-z_]\w*)`,
    String.raw`(?<end>;)`,
    String.raw`(?<placeholder>\?)`,
    String.raw`.`,
  ].join('|'),
  'gs',
);

/**
 * The driver's own reading of named placeholders takes an apostrophe in a comment for the start of a
 * string; this one does not.
 *
 * @param file where the text is from, to name it in errors
 */
export function compileRouteQuery(text: string, file: string): CompiledRouteQuery {
  const refuse = (problem: string): never => {
    throw new RouteQueryError('schema', 'ROUTE_QUERY_INVALID', `${file} ${problem}`);
  };
  const parameters: RouteParameter[] = [];
  let sql = '';
  let hasEnded = false;
  for (const { 0: found, groups = {} } of text.replace(/^\uFEFF/, '').matchAll(piece)) {
    if (groups['comment'] !== undefined) {
      sql += ' ';
    } else if (groups['end'] !== undefined) {
      hasEnded = true;
    } else if (hasEnded && found.trim() !== '') {
      refuse('has more than one statement');
    } else if (groups['unended'] !== undefined) {
      refuse(`has a ${found} that is never closed`);
    } else if (groups['placeholder'] !== undefined) {
      refuse(`has a ? in it; its parameters are ${knownParameters}`);
    } else if (groups['name'] === undefined) {
      sql += found;
    } else {
      const name = groups['name'];
      parameters.push(parameterNames.find((known) => known === name) ?? refuse(unknown(name)));
      sql += '?';
    }
  }
  if (!/^[\s(]*(?:select|with)\b/i.test(sql)) refuse('is not a SELECT');
  // Without it every account would be given the same webhook.
  if (!parameters.includes('accountId')) refuse('does not use :accountId');
  return { sql: sql.trim(), parameters };
}

const knownParameters = parameterNames.map((name) => `:${name}`).join(', ');

function unknown(name: string): string {
  return `uses :${name}, which is none of its parameters ${knownParameters}`;
}
