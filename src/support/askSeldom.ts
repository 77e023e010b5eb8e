import type { Session } from './session.ts';

interface Asked<Answer> {
  readonly atMs: number;
  readonly answer: Promise<Answer>;
  hasEnded: boolean;
}

type About = readonly (string | number)[];

/**
 * The same question, but asked once for all that want to know at the same time, and again `ms` later at the earliest:
 * however many pages are open, the databases notice one. What has failed is asked again.
 */
export function askSeldom<What extends About, Answer>(
  ms: number,
  ask: (session: Session, ...about: What) => Promise<Answer>,
): (session: Session, ...about: What) => Promise<Answer> {
  const known = new WeakMap<Session, Map<string, Asked<Answer>>>();
  return async (session, ...about) => {
    const ofSession = known.get(session) ?? new Map<string, Asked<Answer>>();
    known.set(session, ofSession);
    const key = about.join(' ');
    const last = ofSession.get(key);
    const holds = last !== undefined && (!last.hasEnded || performance.now() < last.atMs + ms);
    if (holds) return await last.answer;
    const asked = { atMs: performance.now(), answer: ask(session, ...about), hasEnded: false };
    ofSession.set(key, asked);
    asked.answer.then(
      () => (asked.hasEnded = true),
      () => ofSession.delete(key),
    );
    return await asked.answer;
  };
}
