const minKeyBytes = 24;
const maxKeyBytes = 64;

/**
 * Decodes `whsec_` secrets separated by spaces, as Standard Webhooks writes them; none for no secret.
 * Null when one can't be used: signing with the others would hide that a receiver can't verify.
 */
export function parseSigningKeys(secret: string | null): readonly Uint8Array[] | null {
  const keys: Uint8Array[] = [];
  for (const text of secret?.split(/\s+/) ?? []) {
    if (text === '') continue;
    const key = decodeKey(text);
    if (key === null) return null;
    keys.push(key);
  }
  return keys;
}

function decodeKey(text: string): Uint8Array | null {
  const base64 = /^whsec_([A-Za-z\d+/]+={0,2})$/.exec(text)?.[1];
  if (base64 === undefined) return null;
  try {
    const key = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
    return key.length >= minKeyBytes && key.length <= maxKeyBytes ? key : null;
  } catch {
    return null;
  }
}
