import type { Child } from 'hono/jsx';
import type { Times } from '../../support/words.ts';

/** A titled part of a page. `id` makes it a target for links. */
export function Section({
  title,
  id,
  children,
}: {
  title: string;
  id?: string | undefined;
  children?: Child;
}) {
  const heading = `${id ?? title.toLowerCase().replace(/[^a-z]+/g, '-')}-title`;
  return (
    <section id={id} aria-labelledby={heading}>
      <h2 id={heading}>{title}</h2>
      {children}
    </section>
  );
}

/** Says why there is nothing, and what to do. */
export function Empty({ children }: { children?: Child }) {
  return <p class="empty">{children}</p>;
}

export function Time({ at, times }: { at: Date | null; times: Times }) {
  if (at === null) return <span>?</span>;
  if (Number.isNaN(at.getTime())) return <span>{times.at(at)}</span>;
  return (
    <time datetime={at.toISOString()} title={times.moment(at)}>
      {times.at(at)}
    </time>
  );
}

export type Tone = 'good' | 'bad' | 'waiting' | 'off' | 'unknown';

/** A state in a word, which its colour only underlines. */
export function Badge({ tone, children }: { tone: Tone; children?: Child }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

/** How each state of a notification looks. */
export const toneOf: Readonly<Record<string, Tone>> = {
  delivered: 'good',
  failed: 'bad',
  retrying: 'waiting',
  waiting: 'waiting',
  blocked: 'bad',
  skipped: 'off',
};

export function State({ state }: { state: string | null }) {
  return <Badge tone={toneOf[state ?? ''] ?? 'unknown'}>{state ?? 'unknown'}</Badge>;
}

/** Names and what they say. */
export function Facts({ of }: { of: readonly (readonly [name: string, value: Child])[] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

/** Scrolls by itself where the window is narrow, also by keyboard. */
export function Table({
  label,
  headings,
  rows,
}: {
  label: string;
  headings: readonly string[];
  rows: readonly (readonly Child[])[];
}) {
  return (
    <div class="scroll" role="region" aria-label={label} tabindex={0}>
      <table>
        <thead>
          <tr>
            {headings.map((heading) => (
              <th scope="col">{heading}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {row.map((cell) => (
                <td>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** One button that does something. `fields` go with it. */
export function Act({
  path,
  label,
  fields = {},
  kind = 'plain',
  confirm,
}: {
  path: string;
  label: string;
  fields?: Readonly<Record<string, string>>;
  kind?: 'plain' | 'main' | 'danger' | 'quiet';
  /** Asked before, where JavaScript runs. */
  confirm?: string;
}) {
  return (
    <form class="act" method="post" action={path} data-confirm={confirm}>
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button class={kind} type="submit">
        {label}
      </button>
    </form>
  );
}

/** A labelled field of a form. */
export function Field({
  label,
  name,
  hint,
  ...input
}: {
  label: string;
  name: string;
  hint?: string;
  type?: string;
  value?: string | undefined;
  required?: boolean;
  placeholder?: string;
  autocomplete?: string;
  inputmode?: 'numeric' | 'search' | 'text' | 'url';
  pattern?: string;
}) {
  const id = `field-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        {...input}
      />
      {hint === undefined ? null : <small id={`${id}-hint`}>{hint}</small>}
    </div>
  );
}

/** Text of a customer's or a receiver's, as it is; with a button that copies it where JavaScript runs. */
export function Verbatim({ label, text }: { label: string; text: string }) {
  return (
    <figure class="verbatim">
      <figcaption>
        {label}{' '}
        <button class="quiet" type="button" data-copy hidden>
          Copy
        </button>
      </figcaption>
      <pre tabindex={0}>{text}</pre>
    </figure>
  );
}

/** A part that the script fetches again from `path` every few seconds; without the script it stays as it is. */
export function Live({ path, children }: { path: string; children?: Child }) {
  return (
    <div data-live={path} aria-live="polite">
      {children}
    </div>
  );
}

/** How far long work is; of unknown length without a total. */
export function Progress({
  label,
  done,
  total,
}: {
  label: string;
  done: number;
  total: number | null;
}) {
  return (
    <p class="progress">
      <label>
        {label}
        <progress value={total === null ? undefined : done} max={total ?? undefined}></progress>
      </label>
    </p>
  );
}

/** The number of an account, leading to its page. */
export function AccountLink({ id }: { id: number | string | null }) {
  if (id === null) return <span>?</span>;
  return <a href={`/accounts/${encodeURIComponent(id)}`}>{String(id)}</a>;
}
