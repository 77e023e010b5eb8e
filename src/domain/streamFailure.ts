/**
 * Why a change stream ended, as far as it matters for what to do next:
 * - transient: the network, an election, a restart; reopen where we were.
 * - tokenUnusable: the server refuses the position's token for this pipeline; reopen at its time.
 * - historyLost: the oplog no longer holds the position.
 * - unreadable: an event that comes next is too large for an answer, or can't be decoded; reopened where we were,
 *   the change source reads less of it.
 * - oversized: the same again and again, however little of it is asked for: it can't be stepped over.
 * - denied: not allowed, or the credentials are wrong; waits longer for somebody to mend it.
 * - unsupported: this server can never serve a change stream (a standalone, a view).
 */
export type StreamFailureKind =
  | 'transient'
  | 'tokenUnusable'
  | 'historyLost'
  | 'unreadable'
  | 'oversized'
  | 'denied'
  | 'unsupported';

export class StreamFailure extends Error {
  override readonly name = 'StreamFailure';
  readonly kind: StreamFailureKind;
  /** The server's error code or the driver's error class: short and stable, for logs and metrics. */
  readonly code: string;

  constructor(kind: StreamFailureKind, code: string, cause: unknown) {
    super(`the change stream ended: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.kind = kind;
    this.code = code;
  }
}
