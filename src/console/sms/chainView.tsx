import { stopOf, stopSentence } from '../../support/chain.ts';
import { linkTitles, type ChainLink, type LinkState } from '../../support/chainLink.ts';
import { Badge, type Tone } from '../components/parts.tsx';
import type { Request } from '../context.ts';
import { PlaceLink } from './placeLink.tsx';
import { placeOfLink } from './places.ts';

const tones: Readonly<Record<LinkState, Tone>> = {
  ok: 'good',
  broken: 'bad',
  waiting: 'waiting',
  unknown: 'unknown',
  'not reached': 'off',
};

/** Lamps in a row; what stops is named, and leads to where it is set for who may set it. */
export function ChainView({ request, chain }: { request: Request; chain: readonly ChainLink[] }) {
  const stop = stopOf(chain);
  const said = stopSentence(chain);
  return (
    <>
      {said === null ? null : <p>{said}</p>}
      <ol class="chain">
        {chain.map((link) => (
          <li
            class={`lamp ${tones[link.state]}`}
            aria-current={link.link === stop?.link ? 'step' : undefined}
          >
            <div class="lamp-name">
              <strong>{linkTitles[link.link]}</strong>{' '}
              <Badge tone={tones[link.state]}>{link.state}</Badge>
            </div>
            <p>{link.sentence}</p>
            {isOff(link) && link.where !== null ? (
              <div>
                <PlaceLink request={request} place={placeOfLink(link.where)} />
              </div>
            ) : null}
          </li>
        ))}
      </ol>
    </>
  );
}

function isOff({ state }: ChainLink): boolean {
  return state !== 'ok' && state !== 'not reached';
}
