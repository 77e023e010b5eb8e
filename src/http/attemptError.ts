import { RequestError } from 'got';
import type { AttemptError } from '../domain/attempt.ts';

/**
 * Codes that name the fault whenever they come. What is in neither table (no route, no free port, no file
 * descriptor, ...) is a `network_error`.
 */
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
  // OpenSSL's verdicts on a certificate that belong to no family below.
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

/** The connection ended under us: what that means depends on how far the attempt had come. */
const disconnects: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ERR_SOCKET_CLOSED',
]);

/** How far an attempt had come when it failed. */
export interface AttemptProgress {
  /** The status line was read. */
  readonly responseBegan: boolean;
}

/** Names what ended an attempt, by code: messages change with versions of Node and OpenSSL. */
export function attemptErrorOf(thrown: unknown, progress: AttemptProgress): AttemptError {
  const error = thrown instanceof RequestError ? thrown.cause : thrown;
  // One error per address of the name: the first that says more than "network" is the one to tell.
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
  return byCode.get(code) ?? byFamily(code) ?? 'network_error';
}

function byFamily(code: string): AttemptError | undefined {
  return byPrefix.find(([prefix]) => code.startsWith(prefix))?.[1];
}

function detailsOf(error: unknown): { readonly code?: string; readonly syscall?: string } {
  if (typeof error !== 'object' || error === null) return {};
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  return {
    ...(typeof code === 'string' && { code }),
    ...(typeof syscall === 'string' && { syscall }),
  };
}
