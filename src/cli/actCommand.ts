import type { Act } from '../support/acts.ts';

/** Stands for what only the customer knows. */
const SOME_URL = 'https://customer.example/hook';

/** The words of the command line that does it, as a shell is to get them. */
export function actCommand(act: Act): readonly string[] {
  switch (act.kind) {
    case 'optIn':
      return cli('setup', 'account', act.accountId, '--enable');
    case 'setWebhook':
      return cli('setup', 'webhook', act.accountId, '--url', SOME_URL);
    case 'showSetup':
      return cli('setup', 'show', act.accountId);
    case 'enableFlow':
      return cli('setup', 'flow', act.flowId, '--account', act.accountId, '--enable');
    case 'enableEndpoint':
      return cli('endpoints', 'enable', act.webhookId);
    case 'check':
      return cli('check', '--account', act.accountId, '--flow', act.flowId);
    case 'testCall':
      return cli('test', act.accountId);
    case 'wait':
      return ['sleep', String(Math.ceil(act.ms / 1_000) + 1)];
    case 'runRetries': {
      const of = act.webhookId === null ? [] : ['--webhook', act.webhookId];
      return cli('retries', 'run', ...of);
    }
    case 'replay': {
      const { smsId, status } = act;
      const id = smsId.startsWith('-') ? ['--', smsId] : [smsId];
      return cli('replay', ...(status === null ? [] : named(status)), ...id);
    }
    default:
      return act satisfies never;
  }
}

function named(status: string): readonly string[] {
  return status.startsWith('-') ? [`--status=${status}`] : ['--status', status];
}

function cli(...words: readonly string[]): readonly string[] {
  return ['npm', 'run', 'cli', '--', ...words];
}
