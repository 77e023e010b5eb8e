import { Buffer } from 'node:buffer';
import { got, Options, type Request } from 'got';
import type { Webhook } from '../domain/route.ts';
import { basicAuthorization } from './basicAuthorization.ts';
import { ACCEPTED_ENCODINGS } from './decoding.ts';
import type { ConnectionPool } from './connectionPool.ts';

/** Starts one POST: exactly one, to that URL, whatever is answered. */
export type WebhookClient = (
  webhook: Webhook,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
) => Request;

/** Said rather than left to Node's command line, as is how strictly answers are parsed. */
const MAX_RESPONSE_HEADER_BYTES = 16_384;

/** What Node is told of one call. */
type NativeOptions = ReturnType<Options['createNativeRequestOptions']>;

/** What got holds of options that it has checked. */
type CheckedOptions = ReturnType<Options['toJSON']>;

/**
 * got's stream interface in its cheapest form: `got(undefined, undefined, options)` copies options that
 * were checked once, where `got.stream.post(url, options)` merges and checks them for every call. What differs
 * from call to call was checked by whoever made the webhook. And Node is told what it needs to know, where got
 * passes three dozen options, nearly all undefined, that Node copies again and again. Together that halves the
 * CPU time of a call.
 */
export function createWebhookClient(pool: ConnectionPool, userAgent: string): WebhookClient {
  const checked: CheckedOptions = new Options(undefined, {
    method: 'POST',
    isStream: true,
    retry: { limit: 0 },
    throwHttpErrors: false,
    followRedirect: false,
    decompress: false,
    headers: {
      'content-type': 'application/json',
      'user-agent': userAgent,
      'accept-encoding': ACCEPTED_ENCODINGS,
    },
  }).toJSON();

  return (webhook, headers, body) => {
    const { url, authorization } = splitUserinfo(webhook.url);
    const call: CheckedOptions = {
      ...checked,
      url,
      headers: {
        ...checked.headers,
        ...authorization,
        ...webhook.headers,
        ...headers,
        // A length makes Node send it as such instead of in chunks, which some receivers can't read.
        'content-length': String(body.byteLength),
      },
      body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    };
    // As the defaults that got copies; and `isStream` is set, which the type of this form can't tell.
    const request = got(undefined, undefined, call as Options) as Request;
    request.options.createNativeRequestOptions = () =>
      nativeOptions(request.options, pool.agentFor(url, webhook.endpointKey));
    return request;
  };
}

function nativeOptions({ headers }: Options, agent: NativeOptions['agent']): NativeOptions {
  const options: Partial<NativeOptions> = {
    method: 'POST',
    agent,
    headers,
    maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
    insecureHTTPParser: false,
  };
  return options as NativeOptions;
}

const noHeaders: Readonly<Record<string, string>> = {};

/** Userinfo goes into the header here: got would let it replace the webhook's own `authorization`. */
function splitUserinfo(webhookUrl: URL): {
  readonly url: URL;
  readonly authorization: Readonly<Record<string, string>>;
} {
  const authorization = basicAuthorization(webhookUrl);
  if (authorization === null) return { url: webhookUrl, authorization: noHeaders };
  const url = new URL(webhookUrl);
  url.username = '';
  url.password = '';
  return { url, authorization: { authorization } };
}
