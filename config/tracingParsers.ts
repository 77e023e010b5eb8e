import { parser, splitList, succeeds } from './parsers.ts';

export const otlpEndpoint = parser(
  'a URL such as http://collector:4318',
  (text, refuse): string => {
    if (!/^https?:\/\/[^/\\?#]/i.test(text) || !URL.canParse(text)) {
      return refuse('is not an http or https URL');
    }
    const { username, password, search, hash } = new URL(text);
    if (username !== '' || password !== '') {
      return refuse('has a user name or password, which belong into OTEL_EXPORTER_OTLP_HEADERS');
    }
    return search === '' && hash === '' ? text : refuse('has a query or fragment');
  },
);

type Pairs = Readonly<Record<string, string>>;

/** `name=value` separated by commas, values percent-encoded, as the specification writes headers and attributes. */
function pairs(
  what: string,
  isName: RegExp,
  isValue: RegExp,
): (text: string, refuse: (wrong: string) => never) => Pairs {
  return (text, refuse) => {
    const read: [string, string][] = [];
    for (const [index, entry] of splitList(text).entries()) {
      const [name = '', ...rest] = entry.split('=');
      const value = rest.join('=').trim();
      // By its place: an entry without a name may be a secret.
      const place = `${what} ${index + 1}`;
      if (rest.length === 0) return refuse(`has no = in ${place}`);
      if (!isName.test(name.trim())) return refuse(`has no valid name in ${place}`);
      if (!succeeds(() => decodeURIComponent(value))) {
        return refuse(`has a % that is not part of percent-encoding in ${place}`);
      }
      const decoded = decodeURIComponent(value);
      if (!isValue.test(decoded)) return refuse(`has characters that can't be sent in ${place}`);
      read.push([name.trim(), decoded]);
    }
    return Object.fromEntries(read);
  };
}

const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const sendable = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

export const otlpHeaders = parser(
  'headers such as name=value,other=value with percent-encoded values',
  pairs('header', token, sendable),
);

export const resourceAttributes = parser(
  'attributes such as service.namespace=sms,team=notify with percent-encoded values, or nothing',
  pairs('attribute', /^[\x21-\x7e]+$/, /^/),
  (attributes) =>
    Object.entries(attributes)
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join(','),
);
