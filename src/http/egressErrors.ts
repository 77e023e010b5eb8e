/** Every address of the host is one that may not be called. */
export class BlockedAddress extends Error {
  override readonly name = 'BlockedAddress';
  readonly code = 'ERR_BLOCKED_ADDRESS';
  constructor(host: string) {
    super(`${host} is not public, and not within EGRESS_ALLOW_CIDRS`);
  }
}

/** The egress proxy could not be reached, or did not do what it was asked for. */
export class ProxyFault extends Error {
  override readonly name = 'ProxyFault';
  readonly code = 'ERR_PROXY_FAULT';
  /** What it answered; null when it did not answer as a proxy does. */
  readonly statusCode: number | null;
  constructor(
    message: string,
    options: { readonly statusCode?: number; readonly cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.statusCode = options.statusCode ?? null;
  }
}

/** There was no connection in time. */
export class ConnectTimeout extends Error {
  override readonly name = 'ConnectTimeout';
  readonly code = 'ERR_SOCKET_CONNECTION_TIMEOUT';
  constructor() {
    super('there was no connection in time');
  }
}
