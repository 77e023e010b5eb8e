import { readHealth, type Health, type HealthReport, type Lamp } from '../../support/health.ts';
import type { SlowEndpoint } from '../../support/statistics.ts';
import type { Times } from '../../support/words.ts';
import { Badge, Section, type Tone } from '../components/parts.tsx';
import type { ConsoleContext } from '../context.ts';
import { readSlowSoon, SlowEndpoints } from '../endpoints/slowEndpoints.tsx';
import { Jobs } from './jobs.tsx';
import { Troubled } from './troubled.tsx';
import { Workers } from './workers.tsx';

interface NowFacts extends HealthReport {
  readonly slow: readonly SlowEndpoint[];
}

/** Whether it works, and what is in trouble. Never rejects for a database that does not answer. */
export async function readNow({ session }: ConsoleContext): Promise<NowFacts> {
  const [report, slow] = await Promise.all([readHealth(session), readSlowSoon(session)]);
  return { ...report, slow: slow ?? [] };
}

export function Now({ of: { health, status, slow }, times }: { of: NowFacts; times: Times }) {
  return (
    <>
      <Verdict of={health} />
      {status === null ? null : (
        <>
          <Troubled of={status} times={times} />
          {slow.length === 0 ? null : <SlowEndpoints of={slow} />}
          <Workers of={status} times={times} />
          <Jobs of={status.jobs} times={times} />
        </>
      )}
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
        {lamps.map(({ state: lamp, detail }) => (
          <li>
            <Badge tone={lamp}>{lampWords[lamp]}</Badge> {detail}
          </li>
        ))}
      </ul>
    </Section>
  );
}
