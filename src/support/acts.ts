/** Something that a person can do about an SMS. Ids are texts. */
export type Act =
  | Readonly<{ kind: 'optIn'; accountId: string }>
  /** The URL, headers and secret of the default webhook. */
  | Readonly<{ kind: 'setWebhook'; accountId: string }>
  | Readonly<{ kind: 'showSetup'; accountId: string }>
  | Readonly<{ kind: 'enableFlow'; accountId: string; flowId: string }>
  | Readonly<{ kind: 'enableEndpoint'; webhookId: string }>
  /** Walks the steps and tries the endpoint, MySQL among them. */
  | Readonly<{ kind: 'check'; accountId: string; flowId: string }>
  | Readonly<{ kind: 'testCall'; accountId: string }>
  /** The worker still goes by what it knew before. */
  | Readonly<{ kind: 'wait'; ms: number }>
  /** Of this webhook; of all when that is not known. */
  | Readonly<{ kind: 'runRetries'; webhookId: string | null }>
  /** The status is null where the newest one that was recorded is meant. */
  | Readonly<{ kind: 'replay'; smsId: string; status: string | null }>;

/** As a page asks for it. */
export function actSentence(act: Act): string {
  switch (act.kind) {
    case 'optIn':
      return `Switch step 1 on for account ${act.accountId}.`;
    case 'setWebhook':
      return `Set the default webhook of account ${act.accountId}: the customer knows its URL.`;
    case 'showSetup':
      return `Look at how the webhooks of account ${act.accountId} are set.`;
    case 'enableFlow':
      return `Switch the webhook on for flow ${act.flowId}, which must belong to account ${act.accountId}.`;
    case 'enableEndpoint':
      return `Enable the endpoint of webhook ${act.webhookId}, once its receiver accepts calls again.`;
    case 'check':
      return 'Look at the overview: it says whether MySQL answers.';
    case 'testCall':
      return `Make a test call to the default webhook of account ${act.accountId}.`;
    case 'wait':
      return `Wait ${Math.ceil(act.ms / 1_000) + 1} seconds: so long the worker may go by the settings before.`;
    case 'runRetries':
      return 'Run it now.';
    case 'replay':
      return 'Send it again.';
    default:
      return act satisfies never;
  }
}
