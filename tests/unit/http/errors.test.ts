import { describe, expect, it } from '@jest/globals';
import { RequestError } from 'got';
import type { AttemptError } from '../../../src/domain/attempt.ts';
import { attemptErrorOf } from '../../../src/http/errors.ts';

const before = { responseBegan: false };
const after = { responseBegan: true };

const coded = (code: string, syscall?: string): Error =>
  Object.assign(new Error(code), { code, ...(syscall !== undefined && { syscall }) });

/** As got hands it over. */
const byGot = (cause: Error): unknown => {
  const wrapped: unknown = Object.create(RequestError.prototype);
  return Object.defineProperty(wrapped, 'cause', { value: cause });
};

describe('the error of an attempt', () => {
  it.each<[AttemptError, readonly string[]]>([
    ['dns_error', ['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'ESERVFAIL', 'ENODATA']],
    ['connection_refused', ['ECONNREFUSED']],
    ['timeout_connect', ['ERR_SOCKET_CONNECTION_TIMEOUT']],
    [
      'tls_error',
      [
        'EPROTO',
        'ERR_SSL_WRONG_VERSION_NUMBER',
        'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
        'ERR_TLS_CERT_ALTNAME_INVALID',
        'ERR_OSSL_EVP_UNSUPPORTED',
        'CERT_HAS_EXPIRED',
        'CERT_NOT_YET_VALID',
        'CERT_REVOKED',
        'CERT_SIGNATURE_FAILURE',
        'CRL_HAS_EXPIRED',
        'DEPTH_ZERO_SELF_SIGNED_CERT',
        'ERROR_IN_CERT_NOT_AFTER_FIELD',
        'HOSTNAME_MISMATCH',
        'INVALID_CA',
        'INVALID_PURPOSE',
        'PATH_LENGTH_EXCEEDED',
        'SELF_SIGNED_CERT_IN_CHAIN',
        'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
        'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      ],
    ],
    [
      'response_invalid',
      [
        'HPE_HEADER_OVERFLOW',
        'HPE_INVALID_CONSTANT',
        'Z_DATA_ERROR',
        'Z_BUF_ERROR',
        'ERR__ERROR_FORMAT_PADDING_1',
        'ERR_BROTLI_DECODER_ERROR_FORMAT_CL_SPACE',
        'ZSTD_error_corruption_detected',
      ],
    ],
    [
      'network_error',
      ['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EACCES', 'EMFILE', 'ERR_WHATEVER'],
    ],
  ])('is %s, however far the attempt had come, for %j', (expected, codes) => {
    for (const code of codes) {
      expect([code, attemptErrorOf(coded(code), before)]).toEqual([code, expected]);
      expect([code, attemptErrorOf(coded(code), after)]).toEqual([code, expected]);
    }
  });

  it.each(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'])(
    'tells for %s whether the response had begun',
    (code) => {
      expect(attemptErrorOf(coded(code), before)).toBe('connection_reset');
      expect(attemptErrorOf(coded(code), after)).toBe('response_aborted');
    },
  );

  it('tells a connect that the system gave up from a connection that fell silent', () => {
    expect(attemptErrorOf(coded('ETIMEDOUT', 'connect'), before)).toBe('timeout_connect');
    expect(attemptErrorOf(coded('ETIMEDOUT', 'read'), before)).toBe('timeout');
  });

  it('is dns_error for whatever a look-up fails of', () => {
    expect(attemptErrorOf(coded('ENOMEM', 'getaddrinfo'), before)).toBe('dns_error');
  });

  it('looks through what got wraps around it', () => {
    expect(attemptErrorOf(byGot(coded('ETIMEDOUT', 'connect')), before)).toBe('timeout_connect');
  });

  it('is the first of several addresses that says more than network_error', () => {
    const all = (...codes: string[]): unknown =>
      byGot(new AggregateError(codes.map((code) => coded(code, 'connect'))));
    expect(attemptErrorOf(all('ENETUNREACH', 'ECONNREFUSED'), before)).toBe('connection_refused');
    expect(attemptErrorOf(all('ETIMEDOUT', 'ENETUNREACH'), before)).toBe('timeout_connect');
    expect(attemptErrorOf(all('ENETUNREACH', 'EHOSTUNREACH'), before)).toBe('network_error');
  });

  it.each([undefined, null, 'text', new Error('no code'), { code: 7 }])(
    'is network_error for %p',
    (thrown) => {
      expect(attemptErrorOf(thrown, before)).toBe('network_error');
    },
  );
});
