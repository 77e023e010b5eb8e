import { readHealth, type Health, type Lamp } from '../../support/health.ts';
import type { WorkerStatus } from '../../support/workerStatus.ts';
import { Badge, Section, type Tone } from '../components/parts.tsx';
import type { ConsoleContext } from '../context.ts';
import { Jobs } from './jobs.tsx';
import { SlowEndpoints, Troubled } from './troubled.tsx';
import { Workers } from './workers.tsx';

/** Whether it works, and what is in trouble, as it is now. */
export async function Now(context: ConsoleContext) {
  const { health, status } = await readHealth(context.session);
  return (
    <>
      <Verdict of={health} />
      {status === null ? null : await known(status, context)}
    </>
  );
}

async function known(status: WorkerStatus, context: ConsoleContext) {
  const { times } = context;
  return (
    <>
      <Troubled of={status} times={times} />
      {await SlowEndpoints(context)}
      <Workers of={status} times={times} />
      <Jobs of={status.jobs} times={times} />
    </>
  );
}

const words: Readonly<Record<Health['state'], string>> = {
  works: 'working',
  late: 'late',
  down: 'not working',
};
const tones: Readonly<Record<Health['state'], Tone>> = {
  works: 'good',
  late: 'waiting',
  down: 'bad',
};
const lampWords: Readonly<Record<Lamp['state'], string>> = {
  good: 'good',
  waiting: 'look',
  bad: 'bad',
  unknown: 'unknown',
};

function Verdict({ of: { state, sentence, lamps } }: { of: Health }) {
  return (
    <Section title="Does it work?" id="verdict">
      <p class={`verdict ${tones[state]}`}>
        <Badge tone={tones[state]}>{words[state]}</Badge> {sentence}
      </p>
      <ul class="lamps">
        {lamps.map(({ name, state: lamp, detail }) => (
          <li>
            <Badge tone={lamp}>{lampWords[lamp]}</Badge> <b>{name}</b> {detail}
          </li>
        ))}
      </ul>
    </Section>
  );
}
