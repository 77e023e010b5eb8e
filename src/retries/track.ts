/** Keeps track of a running task, so that a stop can wait for it. */
export type Track = (task: Promise<void>) => void;
