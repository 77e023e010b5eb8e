import { addAuditEntry } from '../mongo/audit.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Session } from './session.ts';

/** A change or a reveal. Nothing secret and nothing personal: ids, names, and what was done. */
interface AuditEntry {
  readonly at: Date;
  readonly user: string;
  /** A verb and its object: `set default webhook`. */
  readonly what: string;
  /** What it was done to: `account 28, webhook 5`. */
  readonly on: string;
}

export interface Audit {
  /** Written before the act it names, which must not happen when this rejects. */
  add(entry: Omit<AuditEntry, 'at'>): Promise<void>;
}

/** Into `notify_on_delivery_audit`, and into the log. */
export function openAudit({ mongo }: Session, logger: Pick<Logger, 'info'>): Audit {
  return {
    async add(entry) {
      const { state } = await mongo();
      await addAuditEntry(state.audit, entry);
      logger.info('audit', { ...entry });
    },
  };
}
