import { MongoServerSelectionError, type MongoClient, type TopologyDescription } from 'mongodb';

/** What a client knows of its servers. */
export interface ServerView {
  /** Why no server takes writes, by what was last seen of each; null when one does. */
  noPrimary(): string | null;
}

export function watchServers(client: MongoClient): ServerView {
  let seen: TopologyDescription | null = null;
  client.on('topologyDescriptionChanged', ({ newDescription }) => {
    seen = newDescription;
  });
  return { noPrimary: () => (seen === null ? null : whyNoPrimary(seen)) };
}

/** Servers that take writes, or pass them on to one that does. */
const TAKES_WRITES = ['Standalone', 'RSPrimary', 'Mongos', 'LoadBalancer'];

function whyNoPrimary(view: TopologyDescription): string | null {
  const servers = [...view.servers.values()];
  if (servers.some(({ type }) => TAKES_WRITES.includes(type))) return null;
  if (servers.length === 0) return 'no server is known';
  const told = servers.map(({ address, type, error }) => `${address} ${error?.message ?? type}`);
  return `no server takes writes: ${told.join('; ')}`;
}

/**
 * Has an error that says no more than how long a server was searched for say what each was like: a refused port, a
 * name without an address, no primary.
 */
export function nameSelectionCause(error: unknown): void {
  if (!(error instanceof MongoServerSelectionError) || error.reason === undefined) return;
  const cause = whyNoPrimary(error.reason);
  if (cause === null || error.message.includes(cause)) return;
  const { message, stack } = error;
  error.message = cause;
  // It begins with the message.
  if (stack !== undefined) error.stack = stack.replace(message, () => cause);
}
