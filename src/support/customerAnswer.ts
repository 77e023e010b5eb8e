import { notifiedOf, type NotifiedFacts } from './recordFacts.ts';
import type { SmsFacts, WaitingFacts } from './smsFacts.ts';
import { isAhead, textOf, waitingRow } from './verdict.ts';
import { several, type Times } from './words.ts';

/** Which SMS the customer asks about. */
interface AnsweredSms {
  readonly smsId: string;
  /** Masked. */
  readonly to: string;
}

/**
 * An answer to the customer who asks what became of the notification: a few sentences without the names of our own
 * parts. Which SMS, its status, whether and when we called which URL, what it answered, what the customer can do.
 */
export function customerAnswer(facts: SmsFacts, sms: AnsweredSms, times: Times): string {
  return [whichSms(facts, sms, times), ...whatBecame(facts, times)].join(' ');
}

function whichSms({ document }: SmsFacts, { smsId, to }: AnsweredSms, times: Times): string {
  const { deliveryStatus, statusTime } = document;
  const which = `SMS ${smsId} to ${to}`;
  if (deliveryStatus === null) return `${which} has no delivery status yet.`;
  const at = statusTime === null ? '' : `, ${times.at(statusTime)}`;
  return `${which} has the delivery status ${textOf(deliveryStatus)}${at}.`;
}

type Sentences = readonly string[];

function whatBecame(facts: SmsFacts, times: Times): Sentences {
  const { document } = facts;
  if (document.deliveryStatus === null) {
    return [
      'The carrier has not reported one so far.',
      'If the three settings for notifications are on, we call your webhook as soon as it does.',
    ];
  }
  const row = waitingRow(facts);
  if (row !== undefined) return whileWaiting(row, facts, times);
  const notified = notifiedOf(facts);
  if (notified !== null) return afterEnd(notified, facts, times);
  if (document.isFiltered) {
    return ['We do not send notifications for this status.', 'Tell us if you need them.'];
  }
  if (document.problem !== null) return [onOurSide, weLookInto];
  return neverCalled(facts);
}

const onOurSide = 'For a reason on our side, no notification could be sent for it.';
const weLookInto = 'We are looking into it, and come back to you.';
const askUs = 'Tell us when we may send it again.';
const heldUp =
  'Our calls are held up at present for a reason on our side; this one is made as soon as that is over.';

function whileWaiting(row: WaitingFacts, facts: SmsFacts, times: Times): Sentences {
  if (row.unreadable !== undefined) return [onOurSide, weLookInto];
  const { attempts, lastStatusCode, lastError, lastAttemptAt, lastLocation } = row;
  const last = { statusCode: lastStatusCode, error: lastError, at: lastAttemptAt };
  const url = row.url ?? facts.route?.url ?? null;
  const so =
    attempts === 0
      ? ['We have not called your webhook for it so far.']
      : calls({ ...last, attempts, url, location: lastLocation }, times);
  if (row.isClaimed || row.nextAttemptAt === null) return [...so, 'We are calling it just now.'];
  const missing = whatIsMissing(facts);
  if (missing !== null) return [...so, ...missing];
  if (row.blocked?.kind === 'breaker_open') {
    return [
      ...so,
      'Because most of our latest calls to this URL failed, we pause them and try again from time to time.',
      'Nothing is lost meanwhile: please make sure that your server answers with a status from 200 to 299.',
    ];
  }
  if (row.nextAttemptAt > new Date()) {
    return [
      ...so,
      `We call again by ourselves, next ${times.at(row.nextAttemptAt)}.`,
      ...(attempts === 0
        ? []
        : ['Please make sure that your server answers with a status from 200 to 299.']),
    ];
  }
  return [...so, facts.isWorkerRunning ? 'The next call is due, and is made by itself.' : heldUp];
}

function afterEnd(notified: NotifiedFacts, facts: SmsFacts, times: Times): Sentences {
  const { state, attempts } = notified;
  if (state === 'delivered') {
    const id = facts.notificationId === null ? [] : [`Its webhook-id is ${facts.notificationId}.`];
    return [
      ...calls({ ...notified, url: notified.url ?? facts.route?.url ?? null }, times),
      'So your server has accepted the notification, and we do not send it again by ourselves.',
      ...id,
    ];
  }
  if (state === 'retrying')
    return ['We are calling your webhook for it.', 'You need not do anything.'];
  const url = notified.url ?? facts.route?.url ?? null;
  const so = attempts === 0 ? [] : calls({ ...notified, url }, times);
  const because = whyEnded(notified.reason ?? '');
  if (because === null) return [...so, onOurSide, weLookInto];
  return [...so, ...because];
}

/** Null for what is not the customer's doing. */
function whyEnded(reason: string): Sentences | null {
  switch (reason) {
    case 'no_default_webhook':
      return [
        'No default webhook was set for your account at that time, so nothing was called.',
        `Please set one. ${askUs}`,
      ];
    case 'flow_webhook_disabled':
      return [
        'The webhook was not enabled for the flow of this SMS at that time, so nothing was called.',
        `Please enable it for the flow. ${askUs}`,
      ];
    case 'stale':
      return [
        'The status reached us long after the delivery, when a notification would have been out of date, so nothing was called.',
        'Tell us if you need it all the same.',
      ];
    case 'attempts_exhausted':
    case 'expired':
      return [
        'We have made all our attempts, and do not call again by ourselves.',
        `Please make sure that your server answers with a status from 200 to 299. ${askUs}`,
      ];
    case 'endpoint_gone':
      return [
        'The answer 410 asks us not to call this URL any more, so we have stopped calling it.',
        'Please tell us when your server accepts calls again, or set another URL.',
      ];
    case 'endpoint_disabled':
      return [
        'Calls to this URL were switched off at that time, because your server had asked for that or on request.',
        'Please tell us when your server accepts calls again, or set another URL.',
      ];
    case 'aborted_by_receiver':
      return [
        'Your server asked us not to call again for this notification, so we have stopped.',
        askUs,
      ];
    case 'blocked_address':
      return [
        "The address of your webhook is not a public one, so it can't be called.",
        `Please set a URL that can be reached from the Internet. ${askUs}`,
      ];
    case 'invalid_webhook':
      return [
        'Your webhook could not be called as it was set: its URL, one of its headers or its secret is not valid.',
        `Please correct it. ${askUs}`,
      ];
    case 'notification_withdrawn':
      return ['Notifications were switched off before we could deliver it.', askUs];
    default:
      return null;
  }
}

/** Nothing is recorded, and nothing waits. */
function neverCalled(facts: SmsFacts): Sentences {
  const nothing = 'We have not called a webhook for it.';
  const missing = whatIsMissing(facts);
  if (missing !== null) return [nothing, ...missing];
  if (isAhead(facts)) {
    return [
      nothing,
      facts.isWorkerRunning ? 'The call is still to come, and is made by itself.' : heldUp,
    ];
  }
  return [
    nothing,
    'The status is from before notifications were set up.',
    'Tell us if you need it; we can send it now.',
  ];
}

/** What stands in the way now, as far as it is the customer's; null when nothing does. */
function whatIsMissing({ route, document }: SmsFacts): Sentences | null {
  if (route === null || route.error !== null) return [weLookInto];
  switch (route.reason) {
    case 'not_opted_in':
      return [
        'Notifications on delivery are not switched on for your account.',
        'Please ask us to switch them on.',
      ];
    case 'no_default_webhook':
      return ['No default webhook is set for your account.', 'Please set one.'];
    case 'flow_webhook_disabled':
      return [
        `The webhook is not enabled for the flow of this SMS, ${textOf(document.flowId)}.`,
        'Please enable it for the flow.',
      ];
    case 'invalid_webhook':
      return [
        `Your webhook can't be called as it is set${route.problem === null ? '' : `: ${route.problem}`}.`,
        'Please correct it.',
      ];
    case 'endpoint_disabled':
      return [
        'Calls to your webhook are switched off at present.',
        'Please tell us when your server accepts calls again, or set another URL.',
      ];
    case null:
      return null;
    default:
      return route.reason satisfies never;
  }
}

interface Called {
  readonly attempts: number;
  readonly url: string | null;
  readonly at: Date | null;
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly location: string | null;
}

function calls(called: Called, times: Times): Sentences {
  const { attempts, url, at, location } = called;
  const whom = url === null ? 'your webhook' : `your webhook ${url}`;
  const when = at === null ? '' : attempts === 1 ? ` ${times.at(at)}` : `, last ${times.at(at)}`;
  const often = attempts === 1 ? '' : ` ${several(attempts, 'time')}`;
  const redirect =
    location === null
      ? []
      : [
          `It redirected us to ${location}; we do not follow redirects, so please set the final URL.`,
        ];
  return [`We called ${whom}${often}${when}: ${outcome(called)}.`, ...redirect];
}

function outcome({ statusCode, error }: Called): string {
  if (statusCode !== null) return `it answered with the HTTP status ${statusCode}`;
  return noAnswer[error ?? ''] ?? 'we got no answer';
}

/** What went wrong, for who runs the receiver. */
const noAnswer: Readonly<Record<string, string>> = {
  dns_error: 'the name of its host was not found',
  connection_refused: 'the connection was refused',
  connection_reset: 'the connection was closed before an answer came',
  tls_error:
    'no secure connection could be made, for instance because its certificate is not valid',
  timeout_connect: 'no connection could be made in time',
  timeout: 'no answer came in time',
  response_aborted: 'the connection was closed within the answer',
  response_invalid: 'what came back was not an HTTP answer',
  blocked_address: 'its address is not a public one',
  proxy_error: 'a problem on our side kept the call from reaching it',
  network_error: 'a problem of the network kept the call from reaching it',
};
