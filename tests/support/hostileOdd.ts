import {
  cut,
  delivered,
  drip,
  failed,
  gzipBomb,
  million,
  pour,
  send,
  type Hostile,
} from './hostileTalk.ts';

/** Answers that a strict parser refuses. */
export const oddHostiles: readonly Hostile[] = [
  {
    what: 'bare line feeds, and a body without end',
    expected: delivered(null, { ...cut('endless '), error: 'response_invalid' }),
    answer(socket) {
      send(socket, 'HTTP/1.1 200 OK\n\n');
      pour(socket, 'endless '.repeat(1_024));
    },
  },
  {
    what: 'bare line feeds, and a bomb of gzip',
    expected: delivered(null, { ...cut('z'), error: 'response_invalid' }),
    answer: (socket) => send(socket, 'HTTP/1.1 200 OK\ncontent-encoding: gzip\n\n', gzipBomb),
  },
  {
    what: 'bare line feeds, byte by byte',
    expected: delivered(null, { error: 'timeout' }),
    answer(socket) {
      send(socket, 'HTTP/1.1 200 OK\nx: ');
      drip(socket, 'h', 50);
    },
  },
  {
    what: 'bare line feeds, and a chunk without end',
    expected: delivered(null, { ...cut('z'), error: 'response_invalid' }),
    answer(socket) {
      send(socket, 'HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\nffffffffffff\n');
      pour(socket, million);
    },
  },
  {
    what: 'bare line feeds, and a size of a chunk without end',
    expected: delivered(null, { error: 'response_invalid' }),
    answer(socket) {
      send(socket, 'HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n');
      pour(socket, '0'.repeat(10_000));
    },
  },
  {
    what: 'blank lines without end',
    expected: failed('response_invalid'),
    answer: (socket) => pour(socket, '\n'.repeat(10_000)),
  },
];
