import { delay } from '../../src/runtime/abort.ts';
import { findProgram } from '../services/command.ts';
import { demoSettings } from './demoWorker.ts';
import { openDesk, OTHER_PATH } from './desk.ts';
import type { Narrator } from './narrator.ts';
import { SAMPLE_ACCOUNT, SAMPLE_FLOW } from './scenes/theSample.ts';
import type { Stage } from './stage.ts';
import { createWorkerLog } from './workerLog.ts';

const LOOK_EVERY_MS = 200;

/** Leaves everything running, says what to try, and shows each request that arrives, until `signal`. */
export async function keepRunning(
  stage: Stage,
  narrator: Narrator,
  signal: AbortSignal,
): Promise<void> {
  const { receiver, worker } = stage;
  const log = await createWorkerLog(worker);
  const desk = openDesk(stage);
  narrator.heading('Yours, until Ctrl-C');
  narrator.say(
    `Account ${SAMPLE_ACCOUNT} and flow ${SAMPLE_FLOW} are switched on. Requests to the webhook appear below. In another terminal:`,
  );
  for (const { what, commands } of await suggestions(stage, desk.url)) {
    narrator.say(what);
    narrator.lines(commands);
  }
  narrator.say("The worker's log:");
  narrator.lines(log.file);
  narrator.heading('Requests');
  try {
    for (let shown = receiver.requests().length; ; await delay(LOOK_EVERY_MS, signal)) {
      const requests = receiver.requests();
      for (const request of requests.slice(shown)) {
        if (desk.isOwn(request.path)) continue;
        narrator.say(request.receivedAt.toLocaleTimeString('en-GB'));
        narrator.request(request);
      }
      shown = requests.length;
      await log.write();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await log.remove();
  }
}

interface Suggestion {
  readonly what: string;
  readonly commands: string;
}

async function suggestions(stage: Stage, deskUrl: string): Promise<readonly Suggestion[]> {
  return [
    {
      what: 'Send an SMS and let the carrier report, with any status; the answer is the record:',
      commands: `curl '${deskUrl}/sms?status=FAILED'`,
    },
    {
      what: "The same by hand, in MongoDB's shell where you have it:",
      commands: mongoCommands(stage),
    },
    {
      what: 'Let the webhook answer 503, and mend it again:',
      commands: `curl ${deskUrl}/break\ncurl ${deskUrl}/mend`,
    },
    {
      what: 'Change the set-up in the central database (the worker knows within a second):',
      commands: await mysqlCommands(stage),
    },
    {
      what: "Ask as an operator does. The commands take the worker's settings, so in that terminal first:",
      commands: `${exportLine(stage)}\nnpm run cli -- status\nnpm run cli -- check ${SAMPLE_SCOPE}\nnpm run cli -- explain ${await aToldSms(stage)}`,
    },
    {
      what: 'See a retry wait, and hurry it once the webhook is mended:',
      commands: `curl ${deskUrl}/break\ncurl ${deskUrl}/sms\nnpm run cli -- retries list\ncurl ${deskUrl}/mend\nnpm run cli -- retries run`,
    },
    {
      what: 'Break the set-up, have the broken link named, and mend it:',
      commands: [
        `npm run cli -- setup flow ${SAMPLE_FLOW} --account ${SAMPLE_ACCOUNT} --disable`,
        `npm run cli -- check ${SAMPLE_SCOPE}`,
        `npm run cli -- setup flow ${SAMPLE_FLOW} --account ${SAMPLE_ACCOUNT} --enable`,
      ].join('\n'),
    },
  ];
}

const SAMPLE_SCOPE = `--account ${SAMPLE_ACCOUNT} --flow ${SAMPLE_FLOW}`;

/** What a shell needs for the commands to reach the same servers as the worker. */
function exportLine({ mongodbUri, mysqlUri, db }: Stage): string {
  const settings = {
    MONGODB_URI: mongodbUri,
    MONGODB_DATABASE: db.databaseName,
    MYSQL_URI: mysqlUri,
    MYSQL_ADMIN_URI: mysqlUri,
    EGRESS_ALLOW_CIDRS: demoSettings.EGRESS_ALLOW_CIDRS,
  };
  const given = new Set(['MONGODB_URI', 'MYSQL_URI'].filter((name) => process.env[name]));
  return Object.entries(settings)
    .filter(([name]) => !given.has(name))
    .map(([name, value]) =>
      name === 'MYSQL_ADMIN_URI' && given.has('MYSQL_URI')
        ? 'export MYSQL_ADMIN_URI="$MYSQL_URI"'
        : `export ${name}='${value}'`,
    )
    .join('\n');
}

async function aToldSms({ sms }: Stage): Promise<string> {
  const told = await sms.findOne({ 'notify_on_delivery.state': 'delivered' });
  return told?._id ?? '<the _id of an SMS>';
}

function mongoCommands({ mongodbUri, db }: Stage): string {
  const isOurs = !process.env['MONGODB_URI'];
  return [
    isOurs ? `mongosh '${mongodbUri}'` : 'mongosh "$MONGODB_URI"',
    `> use ${db.databaseName}`,
    `> db.SMSDetailDocument.updateOne({ accountID: ${SAMPLE_ACCOUNT} }, { $set: {`,
    "    deliveryStatus: 'READ', deliveryTime: new Date() } })",
    `> db.SMSDetailDocument.findOne({ accountID: ${SAMPLE_ACCOUNT} })`,
  ].join('\n');
}

async function mysqlCommands({ mysqlUri, receiver }: Stage): Promise<string> {
  const { hostname, port, username, password, pathname } = new URL(mysqlUri);
  const client = (await findProgram(['mariadb'])) === null ? 'mysql' : 'mariadb';
  const portOption = port === '' ? '' : ` -P ${port}`;
  const passwordOption = password === '' ? '' : ' -p';
  return [
    `${client} -h ${hostname}${portOption} -u ${username}${passwordOption} ${pathname.slice(1)}`,
    `> UPDATE Webhook SET url = '${receiver.url(OTHER_PATH)}'`,
    `  WHERE accountID = ${SAMPLE_ACCOUNT};`,
    `> UPDATE Flow SET webhookEnabled = 0 WHERE flowID = ${SAMPLE_FLOW};`,
  ].join('\n');
}
