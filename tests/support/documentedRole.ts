import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import type { Document } from 'mongodb';
import type { Privilege } from './mongoUsers.ts';

/** What the page for operators tells them to grant: the role, and what may be added to it. */
export interface DocumentedRole {
  readonly needed: readonly Privilege[];
  readonly optional: readonly Privilege[];
}

export function readDocumentedRole(): DocumentedRole {
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const made: Document[] = [];
  const granted: Document[] = [];
  const db = {
    createRole: (command: { privileges: Document[] }) => void made.push(...command.privileges),
    grantPrivilegesToRole: (_: string, privileges: Document[]) => void granted.push(...privileges),
  };
  for (const [, script = ''] of page.matchAll(/```js\nuse admin\n(.*?)```/gs)) {
    runInContext(script, createContext({ db }));
  }
  return { needed: made.map(toPrivilege), optional: granted.map(toPrivilege) };
}

function toPrivilege({ resource, actions }: Document): Privilege {
  return { ...resource, actions: [...actions] } as Privilege;
}
