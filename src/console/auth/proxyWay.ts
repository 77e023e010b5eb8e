import { roles } from '../../support/consoleRole.ts';
import type { Request } from '../context.ts';
import type { Person } from '../role.ts';
import { headerLines, peerOf, type Ranges } from './connection.ts';

/** What an authenticating proxy says about a request. */
export type ProxysWord =
  /** It comes from elsewhere, or names nobody. */
  | Readonly<{ kind: 'nothing' }>
  | Readonly<{ kind: 'person'; person: Person }>
  /** Somebody who may not come in, and why. */
  | Readonly<{ kind: 'refused'; why: string }>;

const USER_HEADER = 'x-forwarded-user';
const GROUPS_HEADER = 'x-forwarded-groups';
const GROUP_PREFIX = 'notify-on-delivery-';

/** Without what could turn a line of a log or of the audit into something else. */
const nameForm = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,200}$/u;

/**
 * Believes the headers only where the connection itself comes from a proxy, and each of them only once: a proxy that
 * adds its own line below one of the browser's would let anybody be anyone.
 */
export function askProxy(request: Request, proxies: Ranges): ProxysWord {
  if (!proxies.has(peerOf(request))) return { kind: 'nothing' };
  const [users, groups] = [headerLines(request, USER_HEADER), headerLines(request, GROUPS_HEADER)];
  if (users.length > 1 || groups.length > 1) {
    return refused(
      `The proxy sent ${USER_HEADER} or ${GROUPS_HEADER} twice: have it remove what browsers send.`,
    );
  }
  const name = textOf(users[0] ?? '').trim();
  if (name === '') return { kind: 'nothing' };
  if (!nameForm.test(name)) {
    return refused('The proxy sent a name that is longer than 200 characters or not printable.');
  }
  const role = roles.findLast((each) => isNamed(each, textOf(groups[0] ?? '')));
  if (role === undefined) {
    const names = roles.map((each) => GROUP_PREFIX + each).join(', ');
    return refused(
      `${name} has no role in the console: ask for one of the groups ${names} where the proxy takes groups from.`,
    );
  }
  return { kind: 'person', person: { name, role } };
}

function refused(why: string): ProxysWord {
  return { kind: 'refused', why };
}

function isNamed(role: string, groups: string): boolean {
  return groups
    .split(',')
    .map((group) => group.trim())
    .some((group) => group === role || group === GROUP_PREFIX + role);
}

/** Node reads the bytes of a header as Latin-1; proxies send UTF-8. */
function textOf(header: string): string {
  const bytes = Buffer.from(header, 'latin1');
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : header;
}
