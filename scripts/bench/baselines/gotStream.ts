/** Calls and nothing else, by got's stream interface, which the worker uses. */
import { buffer } from 'node:stream/consumers';
import { got } from 'got';
import { postOnDemand } from './task.ts';

postOnDemand(async (url, headers, body) => {
  const options = { body, headers, throwHttpErrors: false, retry: { limit: 0 } };
  await buffer(got.stream.post(url, options));
});
