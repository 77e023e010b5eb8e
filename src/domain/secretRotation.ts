import { parseSigningKeys } from './webhook.ts';

/** What becomes of a webhook's secrets, of which several are in use while receivers change over. */
export type SecretChange =
  | Readonly<{ kind: 'changed'; secret: string; count: number }>
  /** Worded to follow the webhook. */
  | Readonly<{ kind: 'refused'; why: string }>;

/** The oldest first, as `rotateSecret` leaves them. */
function secretsIn(secret: string | null): readonly string[] | null {
  if (parseSigningKeys(secret) === null) return null;
  return (secret ?? '').split(/\s+/).filter((each) => each !== '');
}

const unusable: SecretChange = {
  kind: 'refused',
  why: "has a secret that can't be used: set a new one with setup webhook --secret generate",
};

/** Adds `fresh` to the one there is. With two already, one more would never come to be used alone. */
export function rotateSecret(secret: string | null, fresh: string): SecretChange {
  const before = secretsIn(secret);
  if (before === null) return unusable;
  if (before.length > 1) {
    return {
      kind: 'refused',
      why: `has ${before.length} secrets already: retire the older first`,
    };
  }
  return { kind: 'changed', secret: [...before, fresh].join(' '), count: before.length + 1 };
}

/** Leaves the newest alone. */
export function retireSecret(secret: string | null): SecretChange {
  const before = secretsIn(secret);
  if (before === null) return unusable;
  const newest = before.at(-1);
  if (newest === undefined) return { kind: 'refused', why: 'has no secret' };
  if (before.length === 1) {
    return {
      kind: 'refused',
      why: 'has one secret only, and calls would no longer be signed: rotate it first, or set none with setup webhook --secret none',
    };
  }
  return { kind: 'changed', secret: newest, count: 1 };
}

/** How many there are; null when they can't be used. */
export function countSecrets(secret: string | null): number | null {
  return secretsIn(secret)?.length ?? null;
}
