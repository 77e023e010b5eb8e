/** Levels of TLS. Each includes the ones before it. */
const tlsLevels = ['off', 'encrypt', 'authority', 'identity'] as const;
export type TlsLevel = (typeof tlsLevels)[number];

/** What one option requires of TLS. */
export interface TlsDemand {
  /** As written in the connection string. */
  readonly option: string;
  readonly atLeast?: TlsLevel;
  readonly atMost?: TlsLevel;
}

/** The meaning of a switch or a word. */
type Meaning = Omit<TlsDemand, 'option'>;

const off: Meaning = { atMost: 'off' };
const encrypted: Meaning = { atLeast: 'encrypt' };
const unverified: Meaning = { atLeast: 'encrypt', atMost: 'encrypt' };
const verified: Meaning = { atLeast: 'authority' };
const identified: Meaning = { atLeast: 'identity' };

/**
 * What yes and no mean for options with these names, in the drivers that have them. "true" only encrypts, except
 * in Go's `tls`, which also verifies. Names as returned by `plainName`.
 */
const switches: readonly (readonly [yes: Meaning, no: Meaning, names: string])[] = [
  [encrypted, off, 'ssl sslmode usessl enablessl sslenabled usetls enabletls'],
  [identified, off, 'tls sslaccept tlsmode'],
  [encrypted, {}, 'requiressl sslrequired forcessl requiretls tlsrequired forcetls'],
  [off, {}, 'ssldisabled disablessl skipssl tlsdisabled disabletls skiptls'],
  [verified, { atMost: 'encrypt' }, 'verifyservercertificate sslverifycert sslverify'],
  [verified, { atMost: 'encrypt' }, 'verifyca sslverifyca'],
  [verified, unverified, 'rejectunauthorized sslrejectunauthorized tlsrejectunauthorized'],
  [identified, { atMost: 'encrypt' }, 'sslverifyservercert'],
  [identified, { atMost: 'authority' }, 'verifyidentity sslverifyidentity'],
  [identified, { atMost: 'authority' }, 'checkhostname sslcheckhostname'],
  [unverified, verified, 'trustservercertificate skipverify sslskipverify tlsskipverify'],
  [unverified, verified, 'sslinsecure tlsinsecure'],
  [unverified, verified, 'allowinvalidcertificates tlsallowinvalidcertificates'],
  [{ atMost: 'authority' }, identified, 'disablesslhostnameverification skipdomainvalidation'],
  [{ atMost: 'authority' }, identified, 'allowinvalidhostnames tlsallowinvalidhostnames'],
];

const switchByName = new Map(
  switches.flatMap(([yes, no, names]) => names.split(' ').map((name) => [name, { yes, no }])),
);

/** Values other than yes and no. "Preferred" requires TLS: a connection is unencrypted only on explicit request. */
const words: readonly (readonly [meaning: Meaning, words: string])[] = [
  [off, 'disabled disable none'],
  [encrypted, 'preferred prefer allow required require encrypt'],
  [unverified, 'skipverify acceptinvalidcerts trust'],
  [{ atLeast: 'authority', atMost: 'authority' }, 'verifyca'],
  [identified, 'verifyidentity verifyfull strict'],
];

/** Without case and separators, which differ from driver to driver. */
export function plainName(text: string): string {
  return text.toLowerCase().replaceAll(/[-_. [\]]/g, '');
}

export function isTlsSwitch(name: string): boolean {
  return switchByName.has(name);
}

/** The demand of an option for which `isTlsSwitch` is true; null for an unknown value. */
export function readTlsSwitch(option: string, value: string): TlsDemand | null {
  const known = switchByName.get(plainName(option));
  const flag = readFlag(value);
  const [word] = words.find(([, names]) => names.split(' ').includes(plainName(value))) ?? [];
  const meaning = flag === null ? word : known?.[flag ? 'yes' : 'no'];
  return meaning === undefined ? null : { option, ...meaning };
}

/** Null if the value is neither yes nor no. */
export function readFlag(value: string): boolean | null {
  if (/^(?:true|1|yes|on)$/i.test(value)) return true;
  return /^(?:false|0|no|off)$/i.test(value) ? false : null;
}

const rank = (level: TlsLevel): number => tlsLevels.indexOf(level);

/**
 * Combines all demands: to the lowest level that satisfies all of them or, if authorities are named, to the highest one,
 * because they are meant to be used. `contradiction` names two options that exclude each other.
 */
export function combineTls(
  demands: readonly TlsDemand[],
  { hasAuthorities }: { readonly hasAuthorities: boolean },
): Readonly<{ level: TlsLevel }> | Readonly<{ contradiction: readonly [string, string] }> {
  let [least, most]: [TlsLevel, TlsLevel] = ['off', 'identity'];
  let [leastBy, mostBy] = ['', ''];
  for (const { option, atLeast, atMost } of demands) {
    if (atLeast !== undefined && rank(atLeast) > rank(least)) [least, leastBy] = [atLeast, option];
    if (atMost !== undefined && rank(atMost) < rank(most)) [most, mostBy] = [atMost, option];
  }
  if (rank(least) > rank(most)) return { contradiction: [leastBy, mostBy] };
  if (hasAuthorities) return { level: most };
  // An option says how to verify, and none says to connect without TLS.
  const isMeant = mostBy !== '' && most !== 'off';
  return { level: isMeant && least === 'off' ? 'encrypt' : least };
}
