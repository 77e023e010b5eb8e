/** What an island is to be like. */
export interface IslandPlan {
  /** On its only interface, the loopback one, besides 127.0.0.0/8 and ::1. */
  readonly addresses: readonly string[];
  /**
   * What its name server says: for each name the answers to one question after the other, of which the last
   * stays. Of a name with null it says nothing at all; a name that is not here does not exist.
   */
  readonly names: Readonly<Record<string, readonly (readonly string[])[] | null>>;
  /** On these, at every address, a web server takes connections. */
  readonly ports: readonly number[];
  /** Ports of 127.0.0.1 outside that are to be had at 127.0.0.1 inside, each by way of a socket file. */
  readonly bridges: readonly Bridge[];
  /** Of the worker that runs there. */
  readonly settings: Readonly<Record<string, string>>;
}

interface Bridge {
  readonly port: number;
  readonly socketFile: string;
}

/** What the island tells, in this order. */
export type IslandMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ended'; readonly connections: readonly string[]; readonly output: string };
