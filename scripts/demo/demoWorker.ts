import { defaultSettings } from '../harness/defaultSettings.ts';
import { startWorker, type WorkerProcess } from '../harness/workerProcess.ts';

/** Where the demo departs from the defaults, to be quick and because its receiver is on this machine. */
export const demoSettings = {
  QUICK_RETRIES: '500ms,1500ms',
  ROUTE_CACHE_TTL: '1s',
  EGRESS_ALLOW_CIDRS: '127.0.0.0/8',
} as const;

/** The real worker, through `npm start`. */
export function startDemoWorker(settings: Readonly<Record<string, string>>): WorkerProcess {
  return startWorker({ ...defaultSettings(), ...demoSettings, ...settings });
}

const STOP_TIMEOUT_MS = 30_000;

/** Asks it to stop and waits; kills it when it takes longer than it may. */
export async function stopDemoWorker(worker: WorkerProcess): Promise<void> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), STOP_TIMEOUT_MS);
  timeout.signal.addEventListener('abort', () => void worker.kill().catch(() => undefined));
  try {
    await worker.stop();
  } finally {
    clearTimeout(timer);
  }
}
