import { RequestError } from 'got';
import type { AttemptError } from '../domain/attempt.ts';

/** Codes that always mean the same fault. Any other code (no route, no free port, no file descriptor, …) is a `network_error`. */
const byCode: ReadonlyMap<string, AttemptError> = new Map([
  ['ERR_BLOCKED_ADDRESS', 'blocked_address'],
  ['ERR_PROXY_FAULT', 'proxy_error'],
  ['ECONNREFUSED', 'connection_refused'],
  ['ERR_SOCKET_CONNECTION_TIMEOUT', 'timeout_connect'],
  // getaddrinfo's own errors come as these two or as EAI_…; the others are c-ares'.
  ['ENOTFOUND', 'dns_error'],
  ['ENODATA', 'dns_error'],
  ['ENONAME', 'dns_error'],
  ['ESERVFAIL', 'dns_error'],
  ['EREFUSED', 'dns_error'],
  ['EBADRESP', 'dns_error'],
  ['ETIMEOUT', 'dns_error'],
  ['EPROTO', 'tls_error'],
  // OpenSSL's codes for certificates without one of the prefixes below.
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_error'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls_error'],
  ['HOSTNAME_MISMATCH', 'tls_error'],
  ['INVALID_CA', 'tls_error'],
  ['INVALID_PURPOSE', 'tls_error'],
  ['PATH_LENGTH_EXCEEDED', 'tls_error'],
]);

const byPrefix: readonly (readonly [string, AttemptError])[] = [
  ['EAI_', 'dns_error'],
  ['ERR_TLS_', 'tls_error'],
  ['ERR_SSL_', 'tls_error'],
  ['ERR_OSSL_', 'tls_error'],
  ['CERT_', 'tls_error'],
  ['CRL_', 'tls_error'],
  ['UNABLE_TO_', 'tls_error'],
  ['ERROR_IN_C', 'tls_error'],
  // The parser of HTTP, then the decoders: gzip and deflate, brotli (two spellings), zstd.
  ['HPE_', 'response_invalid'],
  ['Z_', 'response_invalid'],
  ['ERR__ERROR_', 'response_invalid'],
  ['ERR_BROTLI_', 'response_invalid'],
  ['ERR_ZLIB_', 'response_invalid'],
  ['ZSTD_', 'response_invalid'],
];

/** The connection ended: what that means depends on whether the response had begun. */
const disconnects: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ERR_SOCKET_CLOSED',
]);

/**
 * Names what ended an attempt, by code: messages change with versions of Node and OpenSSL.
 *
 * @param progress.responseBegan the status line was read
 */
export function attemptErrorOf(
  thrown: unknown,
  progress: { readonly responseBegan: boolean },
): AttemptError {
  const error = thrown instanceof RequestError ? thrown.cause : thrown;
  // One error per address of the name: the first that is more specific than "network" counts.
  if (error instanceof AggregateError) {
    const named = error.errors.map((one: unknown) => attemptErrorOf(one, progress));
    return named.find((name) => name !== 'network_error') ?? 'network_error';
  }
  const { code, syscall } = detailsOf(error);
  if (code === undefined) return 'network_error';
  if (disconnects.has(code)) {
    return progress.responseBegan ? 'response_aborted' : 'connection_reset';
  }
  if (code === 'ETIMEDOUT') return syscall === 'connect' ? 'timeout_connect' : 'timeout';
  if (syscall === 'getaddrinfo') return 'dns_error';
  const named = byCode.get(code) ?? byPrefix.find(([prefix]) => code.startsWith(prefix))?.[1];
  return named ?? 'network_error';
}

function detailsOf(error: unknown): { readonly code?: string; readonly syscall?: string } {
  if (typeof error !== 'object' || error === null) return {};
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  return {
    ...(typeof code === 'string' && { code }),
    ...(typeof syscall === 'string' && { syscall }),
  };
}

/** None of the host's addresses may be called. */
export class BlockedAddress extends Error {
  override readonly name = 'BlockedAddress';
  readonly code = 'ERR_BLOCKED_ADDRESS';
  constructor(host: string) {
    super(`${host} is not public, and not within EGRESS_ALLOW_CIDRS`);
  }
}

/** The egress proxy could not be reached, or refused to connect. */
export class ProxyFault extends Error {
  override readonly name = 'ProxyFault';
  readonly code = 'ERR_PROXY_FAULT';
  /** Null if it did not answer as a proxy does. */
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
  constructor(message = 'there was no connection in time') {
    super(message);
  }
}
