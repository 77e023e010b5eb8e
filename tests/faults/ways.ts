import type { SmsDocument } from '../../scripts/harness/smsPlatform.ts';

/** What the platform's programs do with documents; each resolves when the database has taken it. */
export interface Platform {
  put(document: SmsDocument): Promise<void>;
  set(document: SmsDocument, fields: Readonly<Record<string, unknown>>): Promise<void>;
  read(document: SmsDocument): Promise<SmsDocument>;
  /** Does something more a moment later. */
  later(task: () => Promise<void>): void;
}

/** One way in which an SMS comes by its delivery status. */
type Way = (document: SmsDocument, platform: Platform) => Promise<void>;

const reported = (deliveryStatus: string): Record<string, unknown> => ({
  deliveryStatus,
  deliveryTime: new Date(),
});

/** One status for each SMS. */
export const singleWays: readonly Way[] = [
  async function inserted(document, platform) {
    await platform.put({ ...document, ...reported('DELIVERED') });
  },
  async function updated(document, platform) {
    await platform.put(document);
    await platform.set(document, reported('DELIVERED'));
  },
  async function saved(document, platform) {
    await platform.put(document);
    await platform.put({ ...document, ...reported('DELIVERED') });
  },
  /** By a program that does not know the record. */
  async function savedWithoutRecord(document, platform) {
    const withStatus = { ...document, ...reported('DELIVERED') };
    await platform.put(withStatus);
    platform.later(async () => await platform.put({ ...withStatus, readBy: 'a report' }));
  },
];

/** Two of them. */
export const doubleWays: readonly Way[] = [
  async function twoStatuses(document, platform) {
    await platform.put(document);
    await platform.set(document, reported('SENT'));
    await platform.set(document, reported('DELIVERED'));
  },
  /** By a program that had read the document before its newest record was there. */
  async function savedWithOldRecord(document, platform) {
    await platform.put({ ...document, ...reported('SENT') });
    platform.later(async () => {
      const read = await platform.read(document);
      const fields = reported('DELIVERED');
      await platform.set(document, fields);
      platform.later(async () => await platform.put({ ...read, ...fields }));
    });
  },
];
