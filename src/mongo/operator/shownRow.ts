import { inspect } from 'node:util';
import type { Document } from 'mongodb';
import { parseIntegerId, type IntegerId } from '../../domain/integerId.ts';
import { isDate, isText, listedProblem } from '../rowProblem.ts';

/** A row as an operator is shown it: fields that are not as the worker writes them are null. */
export interface ShownRow {
  /** What is wrong with it; absent when nothing is. */
  readonly unreadable?: string;
}

/** Why a worker has put a row aside goes before what is seen in what is shown of it. */
export function unreadableIn(kind: Parameters<typeof listedProblem>[0], row: Document): ShownRow {
  const putAside = textOf(row['unreadable']);
  const problem = putAside ?? listedProblem(kind, row);
  return problem === null ? {} : { unreadable: problem };
}

/** A row's name, whatever it is. */
export function nameOf(row: Document): string {
  const id: unknown = row['_id'];
  return typeof id === 'string' ? id : inspect(id, { breakLength: Infinity });
}

/** A date that can be shown. */
export function dateOf(value: unknown): Date | null {
  return isDate(value) ? (value as Date) : null;
}

export function textOf(value: unknown): string | null {
  return isText(value) ? (value as string) : null;
}

export function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** As it is stored: webhook ids may be any number or text. */
export function idOf(value: unknown): IntegerId | null {
  return numberOf(value) ?? textOf(value) ?? parseIntegerId(value);
}
