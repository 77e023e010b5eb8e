export const FIRST_ACCOUNT = 1_000;
export const FIRST_FLOW = 5_000;
export const COLLECTION = 'SMSDetailDocument';

/** Where one measurement takes place: databases of its own. */
export interface Site {
  readonly mongodbUri: string;
  readonly mysqlUri: string;
  readonly database: string;
  /** The webhook of account `FIRST_ACCOUNT + n`, flow `FIRST_FLOW + n`. */
  readonly urls: readonly string[];
  /** For what the contenders leave behind. */
  readonly folder: string;
}
