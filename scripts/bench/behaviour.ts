/** What the receiver does with a call. */
export interface Behaviour {
  /** Answers so much later. */
  readonly delayMs?: number;
  /** 200 where there is none. */
  readonly statusCode?: number;
  /** Never answers. */
  readonly hang?: true;
}

/** By path. A path that ends in a slash is for all that begin with it and have none of their own. */
export type Behaviours = Readonly<Record<string, Behaviour>>;

/** That of the path itself, else of its longest beginning. */
export function behaviourOf(path: string, behaviours: Behaviours): Behaviour {
  let longest = '';
  for (const key of Object.keys(behaviours)) {
    const isMeant = key === path || (key.endsWith('/') && path.startsWith(key));
    if (isMeant && key.length > longest.length) longest = key;
  }
  return behaviours[longest] ?? {};
}

/** Answers it with a 2xx: the notification has arrived. */
export function accepts({ statusCode = 200, hang }: Behaviour): boolean {
  return hang !== true && statusCode >= 200 && statusCode < 300;
}
