import { expect, it } from '@jest/globals';
import { defaultSettings } from '../../scripts/harness/builtWorker.ts';
import { startConsole } from '../../scripts/harness/consoleProcess.ts';

/** Nothing answers there, and a console is served all the same. */
const nowhere = {
  MONGODB_URI: 'mongodb://127.0.0.1:1/?replicaSet=none',
  MYSQL_URI: 'mysql://nobody:none@127.0.0.1:1/central',
};

// It was logged as `info`: with another LOG_LEVEL nobody could sign in, and nothing said so.
it.each(['warn', 'error'])('the link to the console is shown with LOG_LEVEL=%s', async (level) => {
  const settings = { ...defaultSettings(), ...nowhere, LOG_LEVEL: level, LOG_FORMAT: 'json' };
  const served = startConsole({ ...settings, CONSOLE_PORT: '0' });
  try {
    const link = await served.link();
    const entered = await fetch(link, { redirect: 'manual' });
    expect(entered.status).toBe(303);
    expect(served.lines.map(({ event }) => event)).toEqual(['console_link']);
  } finally {
    await served.stop();
  }
});
