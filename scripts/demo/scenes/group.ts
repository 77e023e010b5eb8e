import { callsFor, deliverMany } from '../deliverMany.ts';
import { LEASE_TTL_SECONDS, PARTITIONS, type Group, type GroupMember } from '../group.ts';
import { count, seconds } from '../narrator.ts';
import type { Share } from '../report.ts';
import type { Scene, SceneTools } from '../scene.ts';
import { stopWorker } from '../stage.ts';

const STATUSES = 600;
const account = { accountId: 40, flowId: 212, path: '/hooks/40' };

/** What happens to the statuses while workers share them, die and join. */
export function groupScenes(group: Group): readonly Scene[] {
  return [sharing(group), taking(group), joining(group)];
}

function sharing(group: Group): Scene {
  return {
    name: 'sharing',
    title: 'Three workers share the statuses',
    async play(tools) {
      const { stage, narrator, platform, checks } = tools;
      narrator.say(
        `MongoDB's connector writes each status to one of ${PARTITIONS} partitions of a topic, by the SMS's id. Account ${account.accountId} gets ${count(STATUSES)} statuses:`,
      );
      await platform.setUp({ ...account, url: stage.receiver.url(account.path) }, 'webhook');
      const ids = await deliverShared(group, tools);
      const partitions = await partitionsOf(group.members());
      checks.equal('Each worker has a third of the partitions.', partitions, [4, 4, 4]);
      checks.equal(
        `${count(STATUSES)} calls, one for each status.`,
        callsFor(ids, account.path, tools),
        {
          calls: STATUSES,
          distinct: STATUSES,
        },
      );
    },
  };
}

function taking(group: Group): Scene {
  return {
    name: 'taking-over',
    title: 'One of them dies',
    async play(tools) {
      const { narrator, checks, scene, waitFor, stage } = tools;
      const victim = group.members()[1];
      if (victim === undefined) throw new Error('there is no second worker');
      const before = stage.receiver.requests(account.path).length;
      const delivering = deliverMany(STATUSES, account, tools);
      delivering.catch(() => undefined);
      const hasBegun = (): boolean => stage.receiver.requests(account.path).length > before + 50;
      await waitFor('the first calls', hasBegun);
      await group.kill(victim);
      narrator.say(
        `While ${count(STATUSES)} statuses arrive, ${victim.name} gets kill -9. What it had not read waits in its partitions until the broker misses it.`,
      );
      const began = performance.now();
      await group.untilShared();
      const takeOverMs = performance.now() - began;
      const ids = await narrator.during('Waiting for all calls …', delivering);
      scene.takeOverMs = Math.round(takeOverMs);
      const { calls, distinct } = callsFor(ids, account.path, tools);
      narrator.lines(
        [
          `after ${seconds(takeOverMs)} the others had its partitions (LEASE_TTL is ${LEASE_TTL_SECONDS} s)`,
          `calls repeated, as they were in flight when it died: ${count(calls - distinct)}`,
        ].join('\n'),
      );
      checks.equal(
        'The others have half of the partitions each.',
        await partitionsOf(group.members()),
        [6, 6],
      );
      checks.equal('No status was lost.', distinct, STATUSES);
    },
  };
}

function joining(group: Group): Scene {
  return {
    name: 'joining',
    title: 'Another one joins',
    async play(tools) {
      const { narrator, checks } = tools;
      const added = await group.add();
      const began = performance.now();
      await narrator.during('Waiting for its partitions …', group.untilShared());
      narrator.say(
        `${added.name} had its share ${seconds(performance.now() - began)} after it was ready. ${count(STATUSES)} more statuses:`,
      );
      const ids = await deliverShared(group, tools);
      checks.equal(
        'Each worker has a third of the partitions.',
        await partitionsOf(group.members()),
        [4, 4, 4],
      );
      checks.equal(
        `${count(STATUSES)} calls, one for each status.`,
        callsFor(ids, account.path, tools),
        {
          calls: STATUSES,
          distinct: STATUSES,
        },
      );
    },
  };
}

export function groupStop(group: Group): Scene {
  return {
    name: 'clean-stop',
    title: 'The end',
    async play({ narrator, checks }) {
      const workers = group.members().map(({ worker }) => worker);
      const stopping = Promise.all(workers.map(stopWorker));
      await narrator.during('Sending SIGTERM to the workers …', stopping);
      const exits = await Promise.all(workers.map(async ({ exit }) => await exit));
      const clean = workers.map(() => ({ code: 0, signal: null }));
      checks.equal('All finished their work: exit code 0.', exits, clean);
    },
  };
}

/** Writes statuses and shows how many each worker delivered; their ids. */
async function deliverShared(group: Group, tools: SceneTools): Promise<readonly string[]> {
  const { narrator, scene, checks, waitFor } = tools;
  const members = group.members();
  const before = await Promise.all(members.map(async (each) => await each.delivered()));
  const ids = await deliverMany(STATUSES, account, tools);
  let shares: readonly Share[] = [];
  const areCounted = async (): Promise<boolean> => {
    shares = await Promise.all(members.map(async (each, n) => await shareOf(each, before[n] ?? 0)));
    return shares.reduce((sum, { delivered }) => sum + delivered, 0) >= STATUSES;
  };
  await waitFor('the figures of all workers', areCounted);
  scene.shares = shares;
  narrator.lines(
    shares
      .map(
        ({ name, partitions, delivered }) =>
          `${name}${String(partitions).padStart(4)} partitions${count(delivered).padStart(6)} delivered`,
      )
      .join('\n'),
  );
  const idle = shares.filter(({ delivered }) => delivered === 0);
  checks.equal('Each worker delivered some of them.', idle, []);
  return ids;
}

async function shareOf(member: GroupMember, before: number): Promise<Share> {
  const [partitions, delivered] = [await member.partitions(), await member.delivered()];
  return { name: member.name, partitions, delivered: delivered - before };
}

async function partitionsOf(members: readonly GroupMember[]): Promise<readonly number[]> {
  return await Promise.all(members.map(async (each) => await each.partitions()));
}
