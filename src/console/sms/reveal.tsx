import { may } from '../components/frame.tsx';
import { Act } from '../components/parts.tsx';
import type { Request } from '../context.ts';
import { smsPath } from './smsPath.ts';

/** What is personal, and shown one by one to those who ask for it. */
export const revealable = ['number', 'text', 'body', 'response'] as const;
export type Revealable = (typeof revealable)[number];

/** A page of one SMS as one person sees it. */
export interface Seen {
  readonly request: Request;
  readonly smsId: string;
  /** What is shown of what is hidden else. */
  readonly revealed: Revealable | null;
}

/** A button for who may see it. */
export function RevealButton({ seen, what }: { seen: Seen; what: Revealable }) {
  const { request, smsId } = seen;
  if (!may(request, 'support')) return <span>Hidden: to see it takes the role "support".</span>;
  return (
    <Act
      path={smsPath(smsId, 'reveal')}
      label={`Reveal the ${what}`}
      fields={{ what }}
      kind="quiet"
    />
  );
}
