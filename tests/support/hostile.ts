import { Buffer } from 'node:buffer';
import { oddHostiles } from './hostileOdd.ts';
import {
  brotliBomb,
  cut,
  deflateBomb,
  delivered,
  drip,
  failed,
  gzipBomb,
  head,
  million,
  pour,
  refused,
  send,
  type Hostile,
} from './hostileTalk.ts';

/** Each with how the worker's record has to look when one attempt is all there is. */
export const hostiles: readonly Hostile[] = [
  {
    what: 'a body without end',
    expected: delivered(null, cut('endless ')),
    answer(socket) {
      send(socket, head('transfer-encoding: chunked'));
      pour(socket, `2000\r\n${'endless '.repeat(1_024)}\r\n`);
    },
  },
  {
    what: 'a body of a gigabyte',
    expected: delivered(null, cut('z')),
    answer(socket) {
      send(socket, head('content-length: 1000000000'));
      pour(socket, million);
    },
  },
  {
    what: 'a body byte by byte',
    expected: delivered(null, { error: 'timeout' }),
    answer(socket) {
      send(socket, head('content-length: 1000'));
      drip(socket, 'b');
    },
  },
  {
    what: 'headers byte by byte',
    expected: delivered(null, { error: 'timeout' }),
    answer(socket) {
      send(socket, 'HTTP/1.1 200 OK\r\nx-slow: ');
      drip(socket, 'h');
    },
  },
  { what: 'no answer at all', expected: failed('timeout'), answer: () => undefined },
  {
    what: 'interim answers without end',
    expected: failed('timeout'),
    answer: (socket) => drip(socket, head('x: y', '102 Processing')),
  },
  {
    what: 'a flood of interim answers',
    expected: failed('response_invalid'),
    answer: (socket) => pour(socket, head('link: </a>', '103 Early Hints')),
  },
  {
    what: '100 Continue that nobody asked for',
    expected: delivered('ok'),
    answer(socket) {
      send(socket, head('x: y', '100 Continue'), head('content-length: 2'), 'ok');
    },
  },
  {
    what: 'a bomb of gzip',
    expected: delivered(null, cut('z')),
    answer(socket) {
      send(socket, head(`content-encoding: gzip\r\ncontent-length: ${gzipBomb.length}`), gzipBomb);
    },
  },
  {
    what: 'a bomb of brotli',
    expected: delivered(null, cut('z')),
    answer(socket) {
      send(
        socket,
        head(`content-encoding: br\r\ncontent-length: ${brotliBomb.length}`),
        brotliBomb,
      );
    },
  },
  {
    what: 'a bomb of deflate',
    expected: delivered(null, cut('z')),
    answer(socket) {
      const headers = `content-encoding: deflate\r\ncontent-length: ${deflateBomb.length}`;
      send(socket, head(headers), deflateBomb);
    },
  },
  {
    what: 'gzip that is none',
    expected: delivered(null, { error: 'response_invalid' }),
    answer: (socket) => send(socket, head('content-encoding: gzip\r\ncontent-length: 5'), 'hello'),
  },
  {
    what: 'a length that is too long',
    expected: delivered('part', { error: 'response_aborted' }),
    answer: (socket) => socket.end(`${head('content-length: 900')}part`),
  },
  {
    what: 'a length that is too short',
    expected: delivered('ok'),
    answer: (socket) => send(socket, head('content-length: 2'), 'ok and far more'),
  },
  {
    what: 'two lengths',
    expected: delivered('ok', { error: 'response_invalid' }),
    answer: (socket) => send(socket, head('content-length: 2\r\ncontent-length: 3'), 'ok'),
  },
  {
    what: 'a length and chunks',
    expected: delivered('ok', { error: 'response_invalid' }),
    answer: (socket) =>
      send(socket, head('content-length: 2\r\ntransfer-encoding: chunked'), '2\r\nok\r\n0\r\n\r\n'),
  },
  {
    what: 'a header of a megabyte',
    expected: delivered(null, { error: 'response_invalid' }),
    answer: (socket) => send(socket, `HTTP/1.1 200 OK\r\nx: `, million),
  },
  {
    what: 'headers without end',
    expected: delivered(null, { error: 'response_invalid' }),
    answer(socket) {
      send(socket, 'HTTP/1.1 200 OK\r\n');
      pour(socket, 'x: y\r\n'.repeat(1_000));
    },
  },
  ...oddHostiles,
  {
    what: 'chunks that are broken',
    expected: delivered('part', { error: 'response_invalid' }),
    answer: (socket) => send(socket, head('transfer-encoding: chunked'), '4\r\npart\r\nXX\r\n'),
  },
  {
    what: 'what is not UTF-8',
    expected: delivered(Buffer.from([0xff, 0xfe, 0x00, 0x80]).toString('base64'), {
      responseEncoding: 'base64',
    }),
    answer: (socket) =>
      send(socket, head('content-length: 4'), Buffer.from([0xff, 0xfe, 0x00, 0x80])),
  },
  {
    what: 'NUL and control characters',
    expected: delivered('a\u0000b\u001b[2J\u007f\u2028'),
    answer(socket) {
      const body = Buffer.from('a\u0000b\u001b[2J\u007f\u2028');
      send(socket, head(`content-length: ${body.length}`), body);
    },
  },
  {
    what: 'JSON that is broken',
    expected: delivered('{"$where":"1","a.b":{"__proto__":['),
    answer(socket) {
      const body = '{"$where":"1","a.b":{"__proto__":[';
      send(socket, head(`content-type: application/json\r\ncontent-length: ${body.length}`), body);
    },
  },
  {
    what: 'a redirect to the metadata service',
    expected: refused(302),
    answer: (socket) =>
      send(socket, head('location: http://169.254.169.254/\r\ncontent-length: 0', '302 Found')),
  },
  {
    what: 'a redirect to itself',
    expected: refused(307),
    answer: (socket) => send(socket, head('location: /\r\ncontent-length: 0', '307 Again')),
  },
  {
    what: 'a switch of protocols',
    expected: failed('response_invalid', 101),
    answer: (socket) =>
      send(socket, head('connection: upgrade\r\nupgrade: websocket', '101 Switching')),
  },
  {
    what: 'a status that there is not',
    expected: failed('response_invalid'),
    answer: (socket) => send(socket, 'HTTP/1.1 20x OK\r\n\r\n'),
  },
  {
    what: 'a status of 999',
    expected: refused(999),
    answer: (socket) => send(socket, head('content-length: 0', '999 What')),
  },
  {
    what: 'another protocol',
    expected: failed('response_invalid'),
    answer: (socket) => send(socket, 'SSH-2.0-OpenSSH_9.2\r\n'),
  },
  {
    what: 'HTTP/2 without having been asked',
    expected: failed('response_invalid'),
    answer: (socket) => send(socket, Buffer.from('000000040000000000', 'hex')),
  },
  {
    what: 'HTTP/0.9',
    expected: failed('response_invalid'),
    answer: (socket) => socket.end('<html>hello</html>'),
  },
  { what: 'a close', expected: failed('connection_reset'), answer: (socket) => socket.end() },
  {
    what: 'a reset',
    expected: failed('connection_reset'),
    answer: (socket) => socket.resetAndDestroy(),
  },
  {
    what: 'a Retry-After without sense',
    expected: refused(503),
    answer: (socket) =>
      send(socket, head(`retry-after: -${'9'.repeat(400)}\r\ncontent-length: 0`, '503 Busy')),
  },
];
