/** A sample webhook: prints every call and answers 200. */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

const server = createServer(async (request, response) => {
  const body = await text(request);
  process.stdout.write(
    `${request.method} ${request.url} ${request.headers['webhook-id']}\n${body}\n`,
  );
  response.end('received');
});
server.listen(9000);
process.once('SIGTERM', () => process.exit());
