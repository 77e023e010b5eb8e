import { randomBytes } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import type { IntegerId } from '../domain/ids.ts';
import { isOptedIn } from '../domain/route.ts';
import { retireSecret, rotateSecret } from '../domain/secretRotation.ts';
import { parseSigningKeys, parseWebhookHeaders, parseWebhookUrl } from '../domain/webhook.ts';
import { OtherTables } from '../mysql/centralSession.ts';
import { openCentralTables, type CentralTables } from '../mysql/centralTables.ts';
import type { SecretWritten, StoredWebhook, Which } from '../mysql/webhookRows.ts';
import { Refused } from './session.ts';

/** How the central database is reached, and which webhooks may be written into it. */
export interface CentralAccess {
  readonly server: Config['mysql']['server'];
  readonly schemes: Config['egress']['schemes'];
}

/** Works over a connection of its own. Throws `Refused` where the tables are not the reference ones. */
export async function withCentralTables<Result>(
  { server }: Pick<CentralAccess, 'server'>,
  work: (tables: CentralTables) => Promise<Result>,
): Promise<Result> {
  const tables = await openCentralTables(server);
  try {
    return await work(tables);
  } catch (error) {
    if (!(error instanceof OtherTables)) throw error;
    throw new Refused(
      `Refused because ${otherTables(error)}. Use the programs that own it instead.`,
      { cause: error },
    );
  } finally {
    await tables.close();
  }
}

/** What the central database has instead, in words. */
export function otherTables({ message }: OtherTables): string {
  return `the central database does not have the reference tables: ${message}`;
}

export type AccountSetup = Awaited<ReturnType<typeof readAccountSetup>>;

/** The three steps of one account as they are set. */
export async function readAccountSetup(access: CentralAccess, accountId: IntegerId) {
  const settings = await withCentralTables(access, async (tables) => await tables.show(accountId));
  return { ...settings, isOptedIn: isOptedIn(settings.setting) };
}

/** Step 1. */
export async function setOptIn(
  access: CentralAccess,
  accountId: IntegerId,
  isEnabled: boolean,
): Promise<void> {
  await withCentralTables(access, async (tables) => await tables.setAccount(accountId, isEnabled));
}

/** Step 3. Throws `Refused` for a flow of another account. */
export async function setFlow(
  access: CentralAccess,
  { flowId, accountId, isEnabled }: { flowId: IntegerId; accountId: IntegerId; isEnabled: boolean },
): Promise<void> {
  const set = async (tables: CentralTables): Promise<boolean> =>
    await tables.setFlow(flowId, accountId, isEnabled);
  if (await withCentralTables(access, set)) return;
  throw new Refused(`Flow ${flowId} does not belong to account ${accountId}.`);
}

/** What is to be written of a webhook, as people write it; what is not given stays as it was. */
export interface WebhookEntry {
  readonly url?: string;
  readonly name: string;
  /** `whsec_…`, `generate` for a new one, `none` for no signature. */
  readonly secret?: string;
  /** Lines `Name: value`, in place of all there were; `none` alone clears them. */
  readonly header?: readonly string[];
}

/** Makes it the account's default. Checks all that is given before anything is connected to; throws `Refused`. */
export async function setWebhook(
  access: CentralAccess,
  accountId: IntegerId,
  { url, name, secret, header }: WebhookEntry,
) {
  if (url !== undefined) refuseUnusableUrl(url, access);
  const signing = secretFrom(secret);
  const headers = header === undefined ? undefined : headersFrom(header);
  const written = await withCentralTables(
    access,
    async (tables) => await tables.setWebhook({ accountId, name, url, headers, secret: signing }),
  );
  if (written.kind === 'needsUrl') {
    throw new Refused(
      `Account ${accountId} has no webhook "${name}" yet: specify its URL with --url.`,
    );
  }
  const { webhook, isNew, replaced } = written;
  return { webhook, isNew, replaced, generated: generatedBy(secret, signing) };
}

/** The secret that was asked for; null when none was. `written` is what `secretFrom` made of what was given. */
export function generatedBy(
  given: string | undefined,
  written: string | null | undefined,
): string | null {
  return given === 'generate' ? (written ?? null) : null;
}

/** Throws `Refused`. */
export function refuseUnusableUrl(url: string, { schemes }: Pick<CentralAccess, 'schemes'>): void {
  const parsed = parseWebhookUrl(url, schemes);
  if (parsed.kind === 'unusable') throw new Refused(`It can't be called: ${parsed.problem}.`);
}

/** Undefined: as it was. */
export function secretFrom(given: string | undefined): string | null | undefined {
  if (given === undefined) return undefined;
  if (given === 'none') return null;
  if (given === 'generate') return newSecret();
  const keys = parseSigningKeys(given);
  if (keys === null || keys.length === 0) {
    throw new Refused('A secret must be whsec_ followed by base64 of 24 to 64 bytes.');
  }
  return given;
}

/** Lines `Name: value` as a webhook keeps them; null for the one word `none`. Throws `Refused`. */
export function headersFrom(lines: readonly string[]): Readonly<Record<string, string>> | null {
  if (lines.length === 1 && lines[0] === 'none') return null;
  const entries = lines.map((line, index) => {
    const at = line.indexOf(':');
    // By its place: the line may be a secret.
    if (at < 1) throw new Refused(`Header ${index + 1} must have the form 'Name: value'.`);
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const;
  });
  const headers = Object.fromEntries(entries);
  const parsed = parseWebhookHeaders(headers);
  if (parsed.kind === 'unusable') throw new Refused(`Not possible: ${parsed.problem}.`);
  const unsent = Object.keys(headers).find(
    (name) => !Object.hasOwn(parsed.headers, name.toLowerCase()),
  );
  if (unsent !== undefined) {
    throw new Refused(`The header ${unsent} is set by the worker; a webhook can't set it.`);
  }
  return headers;
}

const SECRET_BYTES = 32;

/** As Standard Webhooks writes it. */
function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}

/** The webhook that is meant. */
interface Meant {
  readonly accountId: IntegerId;
  readonly which: Which;
}

/** Puts a new secret beside the one there is. Throws `Refused` where two are there, or no one webhook is meant. */
export async function rotate(access: CentralAccess, meant: Meant) {
  const secret = newSecret();
  return { ...(await change(access, meant, (before) => rotateSecret(before, secret))), secret };
}

/** Drops the older of two secrets. As `rotate`. */
export async function retire(access: CentralAccess, meant: Meant): Promise<SecretChanged> {
  return await change(access, meant, retireSecret);
}

/** With how many secrets the webhook has now. */
type SecretChanged = Extract<SecretWritten, { kind: 'written' }>;

async function change(
  access: CentralAccess,
  { accountId, which }: Meant,
  by: typeof retireSecret,
): Promise<SecretChanged> {
  const changed = await withCentralTables(
    access,
    async (tables) => await tables.changeSecret(accountId, which, by),
  );
  if (changed.kind === 'written') return changed;
  if (changed.kind === 'refused') {
    throw new Refused(`Refused: ${webhookName(changed.webhook)} ${changed.why}.`);
  }
  if (which !== null && typeof which === 'object') throw unknownWebhook(accountId, which.webhookId);
  const missing = which === null ? 'no default webhook' : `no single webhook "${which}"`;
  const others = changed.others.map(webhookName).join(', ');
  throw new Refused(
    `Account ${accountId} has ${missing}; ${others === '' ? 'it has no webhooks' : `its webhooks are ${others}: choose one with --webhook`}.`,
  );
}

export function unknownWebhook(accountId: IntegerId, webhookId: IntegerId): Refused {
  return new Refused(`Account ${accountId} has no webhook ${webhookId}.`);
}

/** `webhook 5 "default" (https://customer.example/hook)`. */
export function webhookName({ webhookId, name, url }: Omit<StoredWebhook, 'isDefault'>): string {
  return `webhook ${webhookId} "${name}"${url === null ? '' : ` (${url})`}`;
}
