/** In order: each may do what those before it may. */
export const roles = ['viewer', 'support', 'editor'] as const;

/**
 * What somebody may do in the console. `viewer` looks, with phone numbers masked, texts and bodies hidden. `support` also
 * reveals those, sends again, makes test calls and runs retries. `editor` also changes steps 1 to 3 and endpoints.
 */
export type Role = (typeof roles)[number];

export function isRole(text: string): text is Role {
  return (roles as readonly string[]).includes(text);
}
