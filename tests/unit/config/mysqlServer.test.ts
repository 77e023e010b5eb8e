import { rootCertificates } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { isCertificate } from '../../../config/mysqlServer.ts';

describe('certificates', () => {
  it('are one or more in PEM form', () => {
    expect(isCertificate(rootCertificates.slice(0, 2).join('\n'))).toBe(true);
  });

  it.each([
    '',
    'not a certificate',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
  ])('are not %j', (text) => {
    expect(isCertificate(text)).toBe(false);
  });
});
