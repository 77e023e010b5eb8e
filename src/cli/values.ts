import { InvalidArgumentError } from 'commander';
import { parseIntegerId, type IntegerId } from '../domain/integerId.ts';

/** What users write as arguments. Each throws a sentence for what it can't read: the command is misused. */

export function integerId(text: string): IntegerId {
  const id = parseIntegerId(text);
  if (id === null) throw new InvalidArgumentError('It must be a number of decimal digits.');
  return id;
}

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

const rateForm = /^(?<perSecond>\d{1,6})(?:\/s)?$/;

/** Per second. */
export function rate(text: string): number {
  const perSecond = Number(rateForm.exec(text)?.groups?.['perSecond']);
  if (!(perSecond >= 1)) {
    throw new InvalidArgumentError('It must be a whole number per second, such as 50/s.');
  }
  return perSecond;
}

const endedStates = ['delivered', 'failed', 'skipped'] as const;
export type EndedState = (typeof endedStates)[number];
export const allEndedStates: readonly EndedState[] = endedStates;

export function states(text: string): readonly EndedState[] {
  return text.split(',').map((entry) => {
    const state = endedStates.find((each) => each === entry.trim());
    if (state !== undefined) return state;
    throw new InvalidArgumentError(
      `It must be some of ${endedStates.join(', ')}, with commas between.`,
    );
  });
}

/** Collects an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
