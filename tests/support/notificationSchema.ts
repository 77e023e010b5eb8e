import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { packageRoot } from '../../config/packageRoot.ts';

const folder = join(packageRoot(), 'docs/schema');

interface Schema {
  readonly required?: readonly string[];
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export const notificationSchema = JSON.parse(
  readFileSync(join(folder, 'notification.schema.json'), 'utf8'),
) as Schema & {
  readonly $schema: string;
  readonly properties: { readonly smsDetails: { readonly items: Schema } };
};

/** Of an SMS, as the schema names its fields. */
export const smsSchema = notificationSchema.properties.smsDetails.items;

/** Fields of the body, and of the SMS in it. */
export const alwaysThere: readonly string[] = [
  ...(notificationSchema.required ?? []).filter((name) => name !== 'smsDetails'),
  ...(smsSchema.required ?? []),
];

interface Message {
  readonly payload: object;
  readonly headers?: Schema;
  readonly bindings?: { readonly http: { readonly statusCode: number } };
}

/** What is read of the AsyncAPI document; its own schema says that it is one. */
interface AsyncApi {
  readonly components: {
    readonly messages: Readonly<Record<string, Message>>;
    readonly schemas: Readonly<Record<string, Schema>>;
  };
}

export const asyncApi = parse(
  readFileSync(join(folder, 'notification.asyncapi.yaml'), 'utf8'),
) as AsyncApi;

const headersSchema = asyncApi.components.messages['notification']?.headers;

const ajv: Ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
const isNotification = ajv.compile(notificationSchema);
const areHeaders = ajv.compile(headersSchema ?? false);

/** What is wrong with a body by the schema that receivers get; empty if nothing is. */
export function bodyProblems(body: unknown): readonly string[] {
  return isNotification(body) ? [] : [ajv.errorsText(isNotification.errors)];
}

/** The same of a call's headers, by the AsyncAPI document. */
export function headerProblems(headers: unknown): readonly string[] {
  return areHeaders(headers) ? [] : [ajv.errorsText(areHeaders.errors)];
}
