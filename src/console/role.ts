import { isRole, roles, type Role } from '../support/consoleRole.ts';

export { isRole, roles, type Role };

/** Whether a person of role `has` may do what needs role `needs`. */
export function mayAct(has: Role, needs: Role): boolean {
  return roles.indexOf(has) >= roles.indexOf(needs);
}

/** Who is signed in. */
export interface Person {
  /** As the audit names them. */
  readonly name: string;
  readonly role: Role;
}
