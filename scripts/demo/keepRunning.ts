import { delay, orAbort } from '../../src/runtime/abort.ts';
import type { Answer } from '../../tests/support/answer.ts';
import { newSms, setStatus } from '../harness/smsPlatform.ts';
import { findProgram } from '../services/command.ts';
import { openConsole } from './console.ts';
import { shellText, type Narrator } from './narrator.ts';
import { callOnFlowComplete } from './platform.ts';
import { createWaiting } from './scene.ts';
import { SAMPLE_ACCOUNT, SAMPLE_FLOW, SAMPLE_PATH } from './scenes/theSample.ts';
import { demoSettings, type Stage } from './stage.ts';
import type { WorkerLog } from './workerLog.ts';

/** On the receiver: URLs by which a person plays the platform's part and the customer's. */
const DESK = '/demo';
/** Where a person may move the webhook to. */
const OTHER_PATH = '/elsewhere';
const LOOK_EVERY_MS = 200;

/** Leaves everything running, says what to try, and shows each request that arrives, until `signal`. */
export async function keepRunning(
  stage: Stage,
  narrator: Narrator,
  { log, signal }: Readonly<{ log: WorkerLog; signal: AbortSignal }>,
): Promise<void> {
  openDesk(stage, signal);
  const console = openConsole(stage);
  try {
    await showAll(stage, narrator, { link: await orAbort(console.link(), signal), log, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await console.stop();
  }
}

async function showAll(
  stage: Stage,
  narrator: Narrator,
  { link, log, signal }: Readonly<{ link: string; log: WorkerLog; signal: AbortSignal }>,
): Promise<void> {
  const { receiver } = stage;
  narrator.heading('Yours, until Ctrl-C');
  narrator.say('The console, for a browser on this machine. The link signs one person in, once:');
  narrator.lines(link);
  narrator.say(
    `Account ${SAMPLE_ACCOUNT} and flow ${SAMPLE_FLOW} are set up. Requests to the webhook appear below. In another terminal:`,
  );
  for (const [what, ...commands] of await suggestions(stage)) {
    narrator.say(what);
    narrator.lines(commands.join('\n'));
  }
  narrator.say("The worker's log:");
  narrator.lines(`tail -f ${log.file}`);
  narrator.heading('Requests');
  for (let shown = receiver.requests().length; ; await delay(LOOK_EVERY_MS, signal)) {
    const requests = receiver.requests();
    for (const request of requests.slice(shown)) {
      if (request.path.startsWith(`${DESK}/`)) continue;
      narrator.say(request.receivedAt.toLocaleTimeString('en-GB'));
      narrator.request(request);
    }
    shown = requests.length;
  }
}

function openDesk(stage: Stage, signal: AbortSignal): void {
  const { receiver, sms, central } = stage;
  const { waitFor } = createWaiting(stage, signal);
  const answerAs = (name: string, status: number, answer: Answer): void =>
    receiver.answer(`${DESK}/${name}`, () => {
      for (const path of [SAMPLE_PATH, OTHER_PATH]) receiver.answer(path, { ...answer, status });
      return { body: `The webhook answers ${status} from now on.\n` };
    });
  answerAs('break', 503, { body: 'out of order' });
  answerAs('fix', 200, { body: '{"received":true}' });
  receiver.answer(`${DESK}/sms`, async ({ path }) => {
    const status = new URL(path, receiver.url()).searchParams.get('status') || 'DELIVERED';
    const document = newSms({ accountID: SAMPLE_ACCOUNT, flowId: SAMPLE_FLOW });
    await sms.insertOne(document);
    // Whatever it is answered: the platform's own calls are not repeated.
    await callOnFlowComplete(document, central.connection).catch(() => undefined);
    await setStatus(sms, document._id, status);
    let record: unknown;
    const hasRecord = async (): Promise<boolean> => {
      record = (await sms.findOne({ _id: document._id }))?.['notify_on_delivery'];
      return record !== undefined;
    };
    await waitFor('a record', hasRecord, 10_000).catch(() => undefined);
    return { body: `SMS ${document._id}\nnotify_on_delivery: ${shellText(record)}\n` };
  });
}

type Suggestion = readonly [what: string, ...commands: readonly string[]];

async function suggestions(stage: Stage): Promise<readonly Suggestion[]> {
  const { db, sms, mongodbUri, receiver } = stage;
  const desk = receiver.url(DESK);
  const flow = `npm run cli -- setup flow ${SAMPLE_FLOW} --account ${SAMPLE_ACCOUNT}`;
  const check = `npm run cli -- check --account ${SAMPLE_ACCOUNT} --flow ${SAMPLE_FLOW}`;
  const delivered = await sms.findOne({ 'notify_on_delivery.state': 'delivered' });
  const mongodb = process.env['MONGODB_URI'] ? '"$MONGODB_URI"' : `'${mongodbUri}'`;
  return [
    [
      'Send an SMS and a carrier report with any status; the response is the record:',
      `curl '${desk}/sms?status=FAILED'`,
    ],
    [
      "The same by hand, in MongoDB's shell where you have it:",
      `mongosh ${mongodb}`,
      `> use ${db.databaseName}`,
      `> db.SMSDetailDocument.updateOne({ accountID: ${SAMPLE_ACCOUNT} }, { $set: {`,
      "    deliveryStatus: 'READ', deliveryTime: new Date() } })",
      `> db.SMSDetailDocument.findOne({ accountID: ${SAMPLE_ACCOUNT} })`,
    ],
    ['Make the webhook answer 503, and fix it:', `curl ${desk}/break`, `curl ${desk}/fix`],
    [
      'Change the settings in the central database (the worker applies them within a second):',
      await mysqlClient(stage),
      `> UPDATE Webhook SET url = '${receiver.url(OTHER_PATH)}'`,
      `  WHERE accountID = ${SAMPLE_ACCOUNT};`,
      `> UPDATE Flow SET webhookEnabled = 0 WHERE flowID = ${SAMPLE_FLOW};`,
    ],
    [
      "Ask as an operator does. The commands take the worker's settings, so in that terminal first:",
      ...exportsFor(stage),
      'npm run cli -- status',
      check,
      `npm run cli -- explain ${delivered?._id ?? '<the _id of an SMS>'}`,
    ],
    [
      'Watch a waiting retry, and make it due once the webhook is fixed:',
      `curl ${desk}/break`,
      `curl ${desk}/sms`,
      'npm run cli -- retries list',
      `curl ${desk}/fix`,
      'npm run cli -- retries run',
    ],
    [
      'Break a setting, let check find the problem, and fix it:',
      `${flow} --disable`,
      check,
      `${flow} --enable`,
    ],
  ];
}

/** What a shell needs for the commands to reach the same servers as the worker. */
function exportsFor({ mongodbUri, mysqlUri, db }: Stage): readonly string[] {
  const isGiven = (name: string): boolean => Boolean(process.env[name]);
  return [
    ...(isGiven('MONGODB_URI') ? [] : [`export MONGODB_URI='${mongodbUri}'`]),
    `export MONGODB_DATABASE='${db.databaseName}'`,
    ...(isGiven('MYSQL_URI') ? [] : [`export MYSQL_URI='${mysqlUri}'`]),
    'export MYSQL_ADMIN_URI="$MYSQL_URI"',
    `export EGRESS_ALLOW_CIDRS='${demoSettings.EGRESS_ALLOW_CIDRS}'`,
  ];
}

async function mysqlClient({ mysqlUri }: Stage): Promise<string> {
  const { hostname, port, username, password, pathname } = new URL(mysqlUri);
  const client = (await findProgram(['mariadb'])) === null ? 'mysql' : 'mariadb';
  const options = `${port === '' ? '' : ` -P ${port}`} -u ${username}${password === '' ? '' : ' -p'}`;
  return `${client} -h ${hostname}${options} ${pathname.slice(1)}`;
}
