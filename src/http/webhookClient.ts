import { Buffer } from 'node:buffer';
import { got, Options, type Request } from 'got';
import type { Webhook } from '../domain/route.ts';
import { ACCEPTED_ENCODINGS } from './decoding.ts';
import type { KeepAliveAgents } from './keepAliveAgents.ts';

/** Starts one POST: exactly one, to that URL, whatever is answered. */
export type WebhookClient = (
  webhook: Webhook,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
) => Request;

/** More than the webhooks busy at one time; each costs a few kilobytes. */
const MAX_PREPARED = 1_000;

/** Said rather than left to Node's command line: more than this in headers is an invalid response. */
const MAX_RESPONSE_HEADER_BYTES = 16_384;

/** What Node is told of one call. */
type NativeOptions = ReturnType<Options['createNativeRequestOptions']>;

/** What got holds of options that it has checked. */
type CheckedOptions = ReturnType<Options['toJSON']>;

/**
 * got's stream interface in its cheapest form: `got(undefined, undefined, options)` copies options that
 * were checked once per webhook, where `got.stream.post(url, options)` merges and checks them for every
 * call. And Node is told what it needs to know, where got passes three dozen options, nearly all undefined,
 * that Node copies again and again. Together that halves the CPU time of a call.
 */
export function createWebhookClient(agents: KeepAliveAgents, userAgent: string): WebhookClient {
  const shared = new Options(undefined, {
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
  });
  const prepared = new Map<Webhook, CheckedOptions>();

  return (webhook, headers, body) => {
    let options = prepared.get(webhook);
    if (options === undefined) {
      if (prepared.size >= MAX_PREPARED) prepared.clear();
      options = prepare(webhook, shared);
      prepared.set(webhook, options);
    }
    const call: CheckedOptions = {
      ...options,
      // A length makes Node send it as such instead of in chunks, which some receivers can't read.
      headers: { ...options.headers, ...headers, 'content-length': String(body.byteLength) },
      body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    };
    // As the defaults that got copies; and `isStream` is set, which the type of this form can't tell.
    const request = got(undefined, undefined, call as Options) as Request;
    request.options.createNativeRequestOptions = () => nativeOptions(request.options, agents);
    return request;
  };
}

function nativeOptions({ url, headers }: Options, agents: KeepAliveAgents): NativeOptions {
  const options: Partial<NativeOptions> = {
    method: 'POST',
    agent: url instanceof URL && url.protocol === 'https:' ? agents.https : agents.http,
    headers,
    maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
  };
  return options as NativeOptions;
}

/** Userinfo goes into the header here: got would let it replace the webhook's own `authorization`. */
function prepare(webhook: Webhook, shared: Options): CheckedOptions {
  const url = new URL(webhook.url);
  const authorization = basicAuthorization(url);
  url.username = '';
  url.password = '';
  return new Options(url, { headers: { ...authorization, ...webhook.headers } }, shared).toJSON();
}

function basicAuthorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}
