import type { IntegerId } from '../domain/ids.ts';
import { parseIntegerId } from '../domain/ids.ts';
import { Refused } from '../support/session.ts';
import type { Request } from './context.ts';

/** Fields of a form or of a query, each trimmed; what is not there is empty. */
export interface Fields {
  text(name: string): string;
  /** Throws `Refused` when it is empty. */
  required(name: string, label: string): string;
  /** Throws `Refused` for what is no account's, flow's or webhook's number. */
  id(name: string, label: string): IntegerId;
  /** Of a text area, without empty lines. */
  lines(name: string): readonly string[];
  has(name: string): boolean;
}

/** Throws `Refused` for an upload, and for a body that is no form. */
export async function readForm(request: Request): Promise<Fields> {
  const body = await request.req.parseBody().catch((cause: unknown) => {
    throw new Refused('The form could not be read: send it again.', { cause });
  });
  return fieldsOf((name) => {
    const value = Object.hasOwn(body, name) ? body[name] : undefined;
    if (value !== undefined && typeof value !== 'string') {
      throw new Refused(`The field ${name} must be text.`);
    }
    return value;
  });
}

export function readQuery(request: Request): Fields {
  return fieldsOf((name) => request.req.query(name));
}

function fieldsOf(read: (name: string) => string | undefined): Fields {
  const text = (name: string): string => (read(name) ?? '').trim();
  const required = (name: string, label: string): string => {
    const value = text(name);
    if (value === '') throw new Refused(`${label} is missing: fill it in.`);
    return value;
  };
  return {
    text,
    required,
    id: (name, label) => toId(required(name, label), label),
    lines: (name) =>
      text(name)
        .split(/\r?\n/)
        .map((line) => line.trim())
        .filter((line) => line !== ''),
    has: (name) => read(name) !== undefined,
  };
}

/** A number in a path. Throws `Refused` for any other text. */
export function idInPath(request: Request, name: string, label: string): IntegerId {
  return toId(request.req.param(name) ?? '', label);
}

function toId(text: string, label: string): IntegerId {
  const id = parseIntegerId(text);
  if (id === null) throw new Refused(`${label} must be a number.`);
  return id;
}
