import { isTlsSwitch, plainName, readFlag, readTlsSwitch, type TlsDemand } from './tlsDemands.ts';

/** PEM or the path of a PEM file, from an option of the connection string. */
export interface PemSource {
  /** As written in the connection string. */
  readonly option: string;
  readonly value: string;
}

/** The parsed options of a connection string. */
export interface MysqlOptions {
  readonly demands: readonly TlsDemand[];
  readonly ca: PemSource | null;
  readonly cert: PemSource | null;
  readonly key: PemSource | null;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly socketPath: string | null;
  readonly charset: string | null;
  readonly sendsPasswordPlain: boolean;
}

type Draft = { -readonly [Name in keyof MysqlOptions]: MysqlOptions[Name] } & {
  demands: TlsDemand[];
};

/** Applies one option to the draft. Returns the problem, or null. */
type Take = (draft: Draft, option: string, value: string) => string | null;

const pemOf =
  (field: 'ca' | 'cert' | 'key'): Take =>
  (draft, option, value) => {
    if (draft[field] !== null) return `has both ${option} and ${draft[field].option}; keep one`;
    // MySQL Shell writes a path in parentheses.
    draft[field] = { option, value: value.replace(/^\((.*)\)$/s, '$1') };
    draft.demands.push({ option, atLeast: field === 'ca' ? 'authority' : 'encrypt' });
    return null;
  };

const takeVersions: Take = (draft, option, value) => {
  const versions = value.split(/[\s,]+/).map((version) => version.toLowerCase());
  const isTaken = (version: string): boolean => versions.includes(version);
  if (!isTaken('tlsv1.2') && !isTaken('tlsv1.3')) {
    return `has ${option} without TLSv1.2 or TLSv1.3; no others are supported`;
  }
  draft.minVersion = isTaken('tlsv1.2') ? 'TLSv1.2' : 'TLSv1.3';
  draft.demands.push({ option, atLeast: 'encrypt' });
  return null;
};

const takeSocket: Take = (draft, option, value) => {
  if (!value.startsWith('/')) return `has ${option}, which is not an absolute path`;
  draft.socketPath = value;
  return null;
};

const takeCharset: Take = (draft, option, value) => {
  if (!/^utf8mb4(?:_\w+)?$/i.test(value)) {
    return `has ${option} other than utf8mb4, which cannot represent all texts (remove it)`;
  }
  draft.charset = value;
  return null;
};

const takePlainPassword: Take = (draft, option, value) => {
  const flag = readFlag(value);
  if (flag === null) return `has ${option}, which is neither true nor false`;
  draft.sendsPasswordPlain = flag;
  return null;
};

/** For options that are only accepted with the value that applies anyway. */
const takeHolding =
  (holds: RegExp): Take =>
  (_draft, option, value) =>
    holds.test(value) ? null : `has ${option} with an unsupported value (remove it)`;

/** The notation of the driver: a JSON object. */
const takeTlsObject: Take = (draft, option, value) => {
  const parsed = parseObject(value);
  if (parsed === null) return `has ${option}, which is not a JSON object`;
  const isVerified = parsed['rejectUnauthorized'] !== false;
  const all = { rejectUnauthorized: isVerified, verifyIdentity: isVerified, ...parsed };
  for (const [name, part] of Object.entries(all)) {
    const inner = `ssl.${nameFit(name) ? name : '…'}`;
    const taken = name === 'minVersion' ? takeVersions : takerOf(inner);
    const wrong =
      taken === undefined || typeof part === 'object'
        ? `has ${inner}, which is not supported (remove it)`
        : taken(draft, inner, String(part));
    if (wrong !== null) return wrong;
  }
  return null;
};

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : null;
  } catch {
    return null;
  }
}

const takeSwitch: Take = (draft, option, value) => {
  if (value.startsWith('{')) return takeTlsObject(draft, option, value);
  const demand = readTlsSwitch(option, value);
  if (demand === null) {
    return `has ${option} with an unknown value (write ssl-mode=DISABLED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY)`;
  }
  draft.demands.push(demand);
  return null;
};

const byName: readonly (readonly [readonly string[], Take])[] = [
  [['sslca', 'sslcafile', 'sslrootcert', 'tlsca', 'tlscafile', 'cafile'], pemOf('ca')],
  [['servercertificate', 'serversslcert', 'serversslca'], pemOf('ca')],
  [['sslcert', 'sslcertfile', 'tlscert', 'tlscertfile'], pemOf('cert')],
  [['sslkey', 'sslkeyfile', 'tlskey', 'tlskeyfile'], pemOf('key')],
  [['tlsversion', 'tlsversions', 'ssltlsversion', 'enabledtlsprotocols'], takeVersions],
  [['enabledsslprotocolsuites'], takeVersions],
  [['socketpath', 'socket', 'unixsocket'], takeSocket],
  [['charset'], takeCharset],
  [['enablecleartextplugin', 'allowcleartextpasswords'], takePlainPassword],
  [['reconnect', 'autoreconnect', 'allowpublickeyretrieval'], takeHolding(/^(?:true|1)$/i)],
  [['useunicode'], takeHolding(/^(?:true|1)$/i)],
  [['characterencoding'], takeHolding(/^utf-?8(?:mb4)?$/i)],
];
const takers = new Map(
  byName.flatMap(([names, take]) => names.map((name) => [name, take] as const)),
);

function takerOf(option: string): Take | undefined {
  const name = plainName(option);
  return isTlsSwitch(name) ? takeSwitch : takers.get(name);
}

/** Reasons for refusing options that other drivers support. */
const refusals: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:uri|host|port|user|username|password\d?|passwordsha1|database|schema)$/,
    'which belongs before the ? (mysql://user:password@host:3306/database)',
  ],
  [
    /^(?:connectionlimit|maxidle|idletimeout|queuelimit|waitforconnections|(?:min|max)?pool\w*|maxconnections)$/,
    'which is not supported (use MYSQL_POOL_SIZE)',
  ],
  [/timeout$/, 'which is not supported (MYSQL_TIMEOUT limits queries)'],
  [
    /keystore|truststore|^sslidentity$|^sslpassword$/,
    'which is not supported (use PEM with ssl-ca, ssl-cert and ssl-key)',
  ],
  [
    /capath|crl|cipher|fingerprint/,
    'which is not supported (put the authorities into one file and name it in MYSQL_CA_FILE)',
  ],
  [
    /^(?:multiplestatements|timezone|datestrings|rowsasarray|typecast|nesttables|flags|decimalnumbers|bignumberstrings|supportbignumbers|jsonstrings|namedplaceholders|stringifyobjects|charsetnumber|compress|debug|trace|maxpreparedstatements|enablekeepalive|keepaliveinitialdelay|connectattributes|authplugins|authswitchhandler|insecureauth|localaddress|queryformat|infilestreamfactory|stream|disableeval|gracefulend|resetonrelease|isserver|promise)$/,
    'which cannot be changed (remove it)',
  ],
  [
    /ssl|tls|cert/,
    'which is not supported (for TLS write ssl-mode=REQUIRED, VERIFY_CA or VERIFY_IDENTITY)',
  ],
  [/./, 'which is not supported (remove it)'],
];

/** Whether a name can be shown: it can't be part of an unescaped password. */
function nameFit(name: string): boolean {
  return /^[A-Za-z][\w.[\] -]{0,39}$/.test(name);
}

/** All problems, worded to follow the setting's name; they never contain a value. */
export function readMysqlOptions(
  given: URLSearchParams,
): Readonly<{ options: MysqlOptions; problems: readonly string[] }> {
  const options: Draft = {
    demands: [],
    ca: null,
    cert: null,
    key: null,
    minVersion: 'TLSv1.2',
    socketPath: null,
    charset: null,
    sendsPasswordPlain: false,
  };
  const problems: string[] = [];
  for (const [option, value] of given) {
    const wrong = nameFit(option)
      ? takeOption(options, option, value)
      : 'has an option with an invalid name';
    if (wrong !== null) problems.push(wrong);
  }
  if ((options.cert === null) !== (options.key === null)) {
    const { option } = options.cert ?? options.key ?? { option: '' };
    problems.push(
      `has only ${option}: a client certificate needs ssl-cert and ssl-key, a trusted authority ssl-ca`,
    );
  }
  return { options, problems };
}

function takeOption(draft: Draft, option: string, value: string): string | null {
  const take = takerOf(option);
  if (take !== undefined) {
    return value === '' ? `has ${option} without a value` : take(draft, option, value);
  }
  const why = refusals.find(([names]) => names.test(plainName(option)))?.[1] ?? '';
  return `has ${option}, ${why}`;
}
