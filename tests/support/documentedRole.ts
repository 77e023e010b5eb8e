import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import type { Document } from 'mongodb';
import type { Role } from '../../src/support/consoleRole.ts';
import type { Privilege } from './mongoUsers.ts';

/** What the page for operators tells them to grant: the role, and what may be added to it. */
export interface DocumentedRole {
  readonly needed: readonly Privilege[];
  readonly optional: readonly Privilege[];
}

/** Of the worker. */
export function readDocumentedRole(): DocumentedRole {
  const { made, granted } = readPage();
  const isWorkers = ({ role }: Named): boolean => role === 'notifyOnDelivery';
  return {
    needed: made.filter(isWorkers).flatMap(privilegesOf),
    optional: granted.filter(isWorkers).flatMap(privilegesOf),
  };
}

/** Of a console for people up to this role: what is new with it, and all. */
export function readConsoleRole(role: Role): {
  readonly own: readonly Privilege[];
  readonly all: readonly Privilege[];
} {
  const { made } = readPage();
  const find = (name: string): Named => {
    const found = made.find((each) => each.role === name);
    if (found === undefined) throw new Error(`docs/operations.md makes no role ${name}`);
    return found;
  };
  const allOf = (named: Named): readonly Privilege[] => [
    ...privilegesOf(named),
    ...(named.roles ?? []).flatMap((below) => allOf(find(below))),
  ];
  const named = find(`notifyOnDeliveryConsole${role.charAt(0).toUpperCase()}${role.slice(1)}`);
  return { own: privilegesOf(named), all: allOf(named) };
}

interface Named {
  readonly role: string;
  readonly privileges: readonly Document[];
  readonly roles?: readonly string[];
}

/** What its scripts make and grant. */
function readPage(): { readonly made: readonly Named[]; readonly granted: readonly Named[] } {
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const made: Named[] = [];
  const granted: Named[] = [];
  const db = {
    createRole: (command: Named) => void made.push(command),
    grantPrivilegesToRole: (role: string, privileges: Document[]) =>
      void granted.push({ role, privileges }),
  };
  for (const [, script = ''] of page.matchAll(/```js\nuse admin\n(.*?)```/gs)) {
    runInContext(script, createContext({ db }));
  }
  return { made, granted };
}

function privilegesOf({ privileges }: Named): readonly Privilege[] {
  return [...privileges].map(
    ({ resource, actions }) => ({ ...resource, actions: [...actions] }) as Privilege,
  );
}
