interface Block {
  readonly children: readonly Entry[];
}
type Entry =
  | (Block & Readonly<{ type: 'describeBlock' }>)
  | Readonly<{ type: 'test'; errors: readonly unknown[] }>;

interface State {
  readonly rootDescribeBlock: Block;
  readonly unhandledErrors: readonly unknown[];
}

/**
 * For an `afterAll`: whether the tests of this file passed so far. Jest tells this to environments and
 * reporters only, so it is read from its runner's own state; when that can't be found, the answer is no.
 */
export function allTestsPassed(): boolean {
  const symbol = Object.getOwnPropertySymbols(globalThis).find(
    (each) => each.description === 'JEST_STATE_SYMBOL',
  );
  if (symbol === undefined) return false;
  const state: State = Reflect.get(globalThis, symbol);
  return state.unhandledErrors.length === 0 && passed(state.rootDescribeBlock);
}

function passed(block: Block): boolean {
  return block.children.every((entry) =>
    entry.type === 'test' ? entry.errors.length === 0 : passed(entry),
  );
}
