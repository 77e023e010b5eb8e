import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { listenLocally } from './listenLocally.ts';
import { resetSocket } from './resetSocket.ts';

export interface TcpProxy {
  readonly port: number;
  /** `127.0.0.1:<port>` */
  readonly address: string;
  /** Ends all connections by a reset and takes no new ones: nothing listens. */
  refuse(): Promise<void>;
  /** Keeps and takes connections, but forwards nothing in either direction. What was sent meanwhile arrives on `resume`. */
  blackhole(): void;
  /**
   * The connection that next carries all of these texts from the client in one piece is dead in silence from there on,
   * for good, and only that one. Resolves when one is struck.
   */
  blackholeNext(texts: readonly string[]): Promise<void>;
  /** Ends all connections by a reset; new ones work. */
  cut(): void;
  /** From now on ends by a reset, as some balancers do, each connection over which nothing has gone for so long; null: none. */
  cutIdleAfter(ms: number | null): void;
  /** Connections ended for having been idle. */
  readonly idleCuts: number;
  /** Back to forwarding. */
  resume(): Promise<void>;
  /** Client connections that are open now. */
  connections(): number;
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  /** What the client sends goes through it. */
  readonly inspection: Transform;
  isDead: boolean;
  readonly upstream: Socket;
  /** What has gone over it by then, and when that was last seen to change, by the steady clock. */
  bytes: number;
  usedAt: number;
}

interface Trap {
  readonly texts: readonly string[];
  onStruck(): void;
}

/** A proxy in front of a server on 127.0.0.1, to break the network between the two. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const links = new Set<Link>();
  let holding = false;
  let traps: Trap[] = [];
  let idleCuts = 0;
  let idleCheck: NodeJS.Timeout | undefined;

  const accept = (client: Socket): void => {
    const upstream = connect(targetPort, '127.0.0.1');
    const inspection = new Transform({
      transform(piece: Buffer, _encoding, pass) {
        const trap = traps.find(({ texts }) => texts.every((text) => piece.includes(text)));
        if (trap === undefined) {
          pass(null, piece);
          return;
        }
        traps = traps.filter((each) => each !== trap);
        link.isDead = true;
        hold(link);
        trap.onStruck();
      },
    });
    const link = {
      client,
      inspection,
      upstream,
      isDead: false,
      bytes: 0,
      usedAt: performance.now(),
    };
    links.add(link);
    const drop = (): void => {
      links.delete(link);
      client.destroy();
      inspection.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', drop).on('close', drop);
    if (!holding) forward(link);
  };
  const cut = (): void => {
    for (const { client, upstream } of links) {
      resetSocket(client);
      resetSocket(upstream);
    }
  };

  let server = createServer(accept);
  const port = await listenLocally(server);
  const refuse = async (): Promise<void> => {
    clearInterval(idleCheck);
    const closed = server.listening ? once(server, 'close') : null;
    server.close();
    cut();
    await closed;
  };

  return {
    port,
    address: `127.0.0.1:${port}`,
    refuse,
    cut,
    cutIdleAfter(ms) {
      clearInterval(idleCheck);
      if (ms === null) return;
      const cutIdle = (): void => {
        for (const link of links) {
          noteUse(link);
          if (holding || performance.now() - link.usedAt < ms) continue;
          idleCuts += 1;
          resetSocket(link.client);
          resetSocket(link.upstream);
        }
      };
      idleCheck = setInterval(cutIdle, Math.min(50, ms));
    },
    get idleCuts() {
      return idleCuts;
    },
    async blackholeNext(texts) {
      await new Promise<void>((onStruck) => traps.push({ texts, onStruck }));
    },
    blackhole() {
      holding = true;
      for (const link of links) hold(link);
    },
    async resume() {
      holding = false;
      if (!server.listening) {
        server = createServer(accept);
        await listenLocally(server, port);
      }
      for (const link of links) forward(link);
    },
    connections: () => links.size,
    close: refuse,
  };
}

function noteUse(link: Link): void {
  const bytes = link.client.bytesRead + link.upstream.bytesRead;
  if (bytes === link.bytes) return;
  link.bytes = bytes;
  link.usedAt = performance.now();
}

/** `pipe` twice would send everything twice. */
function forward(link: Link): void {
  if (link.isDead) return;
  hold(link);
  link.client.pipe(link.inspection).pipe(link.upstream);
  link.upstream.pipe(link.client);
}

/** A paused socket is not read: the peer's window fills up and nothing, not even a close, gets through. */
function hold({ client, inspection, upstream }: Link): void {
  client.unpipe(inspection).pause();
  inspection.unpipe(upstream);
  upstream.unpipe(client).pause();
}
