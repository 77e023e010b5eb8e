import { expect, it } from '@jest/globals';
import { useEndToEnd } from '../support/endToEnd.ts';

const e2e = useEndToEnd(import.meta.url);

// Ctrl-C in a terminal reaches npm and the worker, and npm hands its own on: the second one, milliseconds
// later, ended the worker in the middle of its clean stop.
it.each(['SIGINT', 'SIGTERM'] as const)(
  'stops cleanly when %s comes twice at once',
  async (signal) => {
    const worker = await e2e().worker();
    const { pid } = await worker.line('started');
    process.kill(pid as number, signal);
    process.kill(pid as number, signal);
    const stopped = worker.stop(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM');
    expect(await stopped).toEqual({ code: 0, signal: null });
    expect(worker.lines.map((line) => line.event)).toContain('stopped');
  },
);
