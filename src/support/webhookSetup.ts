import type { IntegerId } from '../domain/ids.ts';
import type { WebhookId } from '../mysql/webhookChanges.ts';
import { Refused } from './session.ts';
import {
  generatedBy,
  headersFrom,
  refuseUnusableUrl,
  secretFrom,
  unknownWebhook,
  withCentralTables,
  type CentralAccess,
  type WebhookEntry,
} from './setup.ts';

/** Of the columns in the reference tables: what is longer would be cut off by some servers. */
const URL_AT_MOST = 2_048;
const NAME_AT_MOST = 190;

type Given = Partial<WebhookEntry>;

interface AddedWebhook extends Given {
  readonly name: string;
  readonly url: string;
  readonly isDefault: boolean;
}

/** One more webhook. Throws `Refused` for what can't be called or sent, and where the account has one of that name. */
export async function addWebhook(
  access: CentralAccess,
  accountId: IntegerId,
  { isDefault, ...entry }: AddedWebhook,
) {
  const { headers, secret } = checked(access, entry);
  const { name, url } = entry;
  const webhook = { accountId, name, url, headers, secret, isDefault };
  const added = await withCentralTables(access, async (tables) => await tables.addWebhook(webhook));
  if (added.kind === 'nameTaken') throw nameTaken(accountId, name);
  return { ...added, generated: generatedBy(entry.secret, secret) };
}

/**
 * Changes what is given of a webhook, which stays the default or not as it was. Throws `Refused` as `addWebhook` does,
 * and where nothing is given.
 */
export async function changeWebhook(access: CentralAccess, meant: WebhookId, entry: Given) {
  const { headers, secret } = checked(access, entry);
  const { name, url } = entry;
  if ([name, url, headers, secret].every((value) => value === undefined)) {
    throw new Refused('Nothing was filled in, so nothing changes.');
  }
  const change = { name, url, headers, secret };
  const changed = await withCentralTables(
    access,
    async (tables) => await tables.changeWebhook(meant, change),
  );
  const { accountId, webhookId } = meant;
  if (changed.kind === 'unknown') throw unknownWebhook(accountId, webhookId);
  if (changed.kind === 'nameTaken') throw nameTaken(accountId, name ?? '');
  return { webhook: changed.webhook, generated: generatedBy(entry.secret, secret) };
}

/** Makes it the account's default and changes nothing else of it; `replaced`: the one that was before, null for none. */
export async function makeDefault(access: CentralAccess, meant: WebhookId) {
  const made = await withCentralTables(access, async (tables) => await tables.makeDefault(meant));
  if (made.kind === 'unknown') throw unknownWebhook(meant.accountId, meant.webhookId);
  return made;
}

function checked(access: CentralAccess, { url, name, header, secret }: Given) {
  if (url !== undefined) {
    refuseUnusableUrl(url, access);
    refuseLonger('URL', url, URL_AT_MOST);
  }
  if (name !== undefined) refuseLonger('name', name, NAME_AT_MOST);
  return {
    headers: header === undefined ? undefined : headersFrom(header),
    secret: secretFrom(secret),
  };
}

function refuseLonger(what: string, text: string, atMost: number): void {
  // Characters, as the columns count them.
  if (Array.from(text).length <= atMost) return;
  throw new Refused(`The ${what} must have at most ${atMost} characters.`);
}

function nameTaken(accountId: IntegerId, name: string): Refused {
  return new Refused(
    `Account ${accountId} has a webhook with the name "${name}" already: choose another name.`,
  );
}
