import { addressRanges, proxyUrl, schemes } from './egressValues.ts';
import type { Setting } from './setting.ts';

export const egressSettings = {
  EGRESS_ALLOW_CIDRS: {
    section: 'egress',
    parser: addressRanges(),
    default: '',
    emptyIsValue: true,
    description:
      'Addresses that may be called although they are not public, such as `10.20.0.0/16` for receivers in the own network. All others that are private, loopback, link-local or otherwise not reachable from the Internet are refused, whatever name or spelling leads to them. Empty: none.',
  },
  EGRESS_SCHEMES: {
    section: 'egress',
    parser: schemes(),
    default: 'https,http',
    description:
      'What a webhook URL may begin with. With `https` alone, webhooks with an `http` URL end as `invalid_webhook`.',
  },
  EGRESS_PROXY: {
    section: 'egress',
    parser: proxyUrl(),
    default: '',
    secret: true,
    description:
      'An HTTP proxy through which all webhooks are called, by CONNECT. The worker still resolves and checks every address, and asks the proxy for the address it has checked; the proxy may have any address itself. Empty: none.',
  },
} as const satisfies Record<string, Setting>;
