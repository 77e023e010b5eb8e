import { stopOf, stopSentence } from '../../support/chain.ts';
import { linkTitles, type ChainLink, type LinkState, type Where } from '../../support/chainLink.ts';
import { Badge, type Tone } from '../components/parts.tsx';

const tones: Readonly<Record<LinkState, Tone>> = {
  ok: 'good',
  broken: 'bad',
  waiting: 'waiting',
  unknown: 'unknown',
  'not reached': 'off',
};

/** Lamps in a row; what stops is named, and leads to where it is set for who may set it. */
export function ChainView({ chain, maySet }: { chain: readonly ChainLink[]; maySet: boolean }) {
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
            {maySet && isOff(link) && link.where !== null ? <SetHere where={link.where} /> : null}
          </li>
        ))}
      </ol>
    </>
  );
}

function isOff({ state }: ChainLink): boolean {
  return state !== 'ok' && state !== 'not reached';
}

function SetHere({ where }: { where: Where }) {
  const { path, label } = placeOf(where);
  return (
    <p>
      <a href={path}>{label}</a>
    </p>
  );
}

function placeOf(where: Where): { readonly path: string; readonly label: string } {
  switch (where.kind) {
    case 'account':
      return { path: accountPath(where.accountId, 'step-1'), label: 'Set step 1' };
    case 'webhook':
      return { path: accountPath(where.accountId, 'webhooks'), label: 'Set the webhooks' };
    case 'flow':
      return { path: accountPath(where.accountId, 'flows'), label: 'Set the flows' };
    case 'endpoint':
      return { path: '/endpoints', label: 'See the endpoints' };
    default:
      return where satisfies never;
  }
}

export function accountPath(accountId: string, part?: 'step-1' | 'webhooks' | 'flows'): string {
  const path = `/accounts/${encodeURIComponent(accountId)}`;
  return part === undefined ? path : `${path}#${part}`;
}
