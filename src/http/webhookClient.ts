import { Buffer } from 'node:buffer';
import { got, Options, type Request } from 'got';
import { basicAuthorization, ownHeaders } from './headers.ts';
import type { Call } from './call.ts';
import type { ConnectionPool } from './connectionPool.ts';

/** Starts one POST: exactly one, to that URL, whatever is answered. */
export type WebhookClient = (
  webhook: Call['webhook'],
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
) => Request;

/** Explicit, since Node's command line could change it, like the strictness of the parser. */
const MAX_RESPONSE_HEADER_BYTES = 16_384;

/** The options that Node gets for one call. */
type NativeOptions = ReturnType<Options['createNativeRequestOptions']>;

/** got's options after its checks. */
type CheckedOptions = ReturnType<Options['toJSON']>;

/**
 * got's stream interface in its cheapest form: `got(undefined, undefined, options)` copies options that were checked once,
 * whereas `got.stream.post(url, options)` merges and checks them for every call. The parts that differ were checked when
 * the webhook was parsed. And Node gets only the options that it needs, whereas got passes three dozen, nearly all
 * undefined, which Node copies several times. Together that takes a quarter less CPU time per call.
 */
export function createWebhookClient(pool: ConnectionPool, userAgent: string): WebhookClient {
  const checked: CheckedOptions = new Options(undefined, {
    method: 'POST',
    isStream: true,
    retry: { limit: 0 },
    throwHttpErrors: false,
    followRedirect: false,
    decompress: false,
    headers: ownHeaders(userAgent),
  }).toJSON();

  return (webhook, headers, body) => {
    const authorization = basicAuthorization(webhook.url);
    // got would let userinfo replace the webhook's own `authorization`.
    const url = authorization === null ? webhook.url : withoutUserinfo(webhook.url);
    const call: CheckedOptions = {
      ...checked,
      url,
      headers: {
        ...checked.headers,
        ...(authorization !== null && { authorization }),
        ...webhook.headers,
        ...headers,
        // A length makes Node send it as such instead of in chunks, which some receivers can't read.
        'content-length': String(body.byteLength),
      },
      body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    };
    // As the defaults that got copies; with `isStream`, so that the result is a stream, not a promise.
    const request = got(undefined, undefined, call as Options) as Request;
    // A variable, because V8 allocates a function that is assigned to a property in the old generation. Everything that
    // it refers to, here the whole call, would then outlive every collection of the young generation.
    const createNativeRequestOptions = (): NativeOptions =>
      nativeOptions(request.options, pool.agentFor(url, webhook.endpointKey));
    request.options.createNativeRequestOptions = createNativeRequestOptions;
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

function withoutUserinfo(webhookUrl: URL): URL {
  const url = new URL(webhookUrl);
  url.username = '';
  url.password = '';
  return url;
}
