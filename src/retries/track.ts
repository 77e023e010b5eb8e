/** Keeps hold of what has begun, so that a stop can wait for it. */
export type Track = (task: Promise<void>) => void;
