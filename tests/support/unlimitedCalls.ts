import { parseSync } from '@swc/core';

/** What goes to the server when it is called on a collection, a cursor, a database, a session or a client. */
const DRIVER_CALLS: ReadonlySet<string> = new Set([
  ...['findOne', 'countDocuments', 'estimatedDocumentCount', 'distinct', 'explain'],
  ...['toArray', 'next', 'tryNext', 'hasNext', 'forEach', 'close', 'rewind'],
  ...[
    'insertOne',
    'insertMany',
    'updateOne',
    'updateMany',
    'replaceOne',
    'deleteOne',
    'deleteMany',
  ],
  ...['findOneAndUpdate', 'findOneAndReplace', 'findOneAndDelete', 'bulkWrite'],
  ...['createIndex', 'createIndexes', 'dropIndex', 'dropIndexes', 'indexes', 'indexExists'],
  ...['indexInformation', 'createCollection', 'collections', 'rename', 'drop', 'dropDatabase'],
  ...['dropCollection', 'isCapped', 'command', 'runCursorCommand'],
  ...['listDatabases', 'serverStatus', 'buildInfo', 'connect'],
  ...['withSession', 'withTransaction', 'commitTransaction', 'abortTransaction', 'endSession'],
]);

interface Node {
  readonly type: string;
  readonly span: { readonly start: number };
  readonly [name: string]: unknown;
}

/**
 * The places in a source text, as the texts of their lines, that use a driver's call outside of a function given to
 * `withDeadline`, share one such function, or iterate over a cursor, which asks the server out of sight.
 */
export function unlimitedCalls(source: string): readonly string[] {
  const found: string[] = [];
  const note = ({ span }: Node): void => {
    // A span counts bytes, from 1.
    const before = Buffer.from(source)
      .subarray(0, span.start - 1)
      .toString();
    const line = before.split('\n').length;
    found.push(`${line}: ${source.split('\n')[line - 1]?.trim()}`);
  };
  /** `calls` are those in the limited function that we are in; null outside of one. */
  const visit = (value: unknown, calls: { count: number } | null): void => {
    if (typeof value !== 'object' || value === null) return;
    if (isNode(value)) {
      if (value.type === 'ForOfStatement' && value['await'] === true) note(value);
      if (value.type === 'MemberExpression' && DRIVER_CALLS.has(nameOf(value['property']))) {
        if (calls !== null) calls.count += 1;
        if (calls === null || calls.count > 1) note(value);
      }
    }
    const limited = isNode(value) ? limitedFunction(value) : null;
    for (const child of Object.values(value)) visitChild(child, limited, calls);
  };
  const visitChild = (child: unknown, limited: unknown, calls: { count: number } | null): void => {
    if (!Array.isArray(child)) visit(child, calls);
    else for (const each of child) visit(each, each === limited ? { count: 0 } : calls);
  };
  visit(parseSync(source, { syntax: 'typescript', target: 'es2022' }).body, null);
  return found;
}

/** The argument that is the function whose calls are limited. */
function limitedFunction(node: Node): unknown {
  if (node.type !== 'CallExpression' || nameOf(node['callee']) !== 'withDeadline') return null;
  const argument = (node['arguments'] as { readonly expression: Node }[])[1];
  return argument?.expression.type === 'ArrowFunctionExpression' ? argument : null;
}

function isNode(value: object): value is Node {
  return 'type' in value && 'span' in value;
}

function nameOf(node: unknown): string {
  const { type, value } = node as { readonly type?: unknown; readonly value?: unknown };
  return type === 'Identifier' && typeof value === 'string' ? value : '';
}
