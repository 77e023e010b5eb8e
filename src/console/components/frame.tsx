import type { Child } from 'hono/jsx';
import { raw } from 'hono/html';
import type { Request } from '../context.ts';
import { takeNotice } from '../notice.ts';
import { mayAct, type Person } from '../role.ts';

export interface FrameOptions {
  readonly title: string;
  /** Which entry of the navigation the page belongs to. */
  readonly place?: Place;
  /** Where a refresh is due by itself; the script replaces what has this id. */
  readonly children: Child;
}

type Place = 'overview' | 'find' | 'accounts' | 'endpoints';

const places: readonly (readonly [place: Place, path: string, label: string])[] = [
  ['overview', '/', 'Overview'],
  ['find', '/find', 'Find an SMS'],
  ['accounts', '/accounts', 'Accounts'],
  ['endpoints', '/endpoints', 'Endpoints'],
];

/** Answers with a whole page: the frame around its content, and what the act before has to say. */
export async function page(
  request: Request,
  { title, place, children }: FrameOptions,
  status: 200 | 400 | 401 | 403 | 404 | 405 | 409 | 413 | 429 | 500 | 503 | 504 = 200,
): Promise<Response> {
  const person = request.get('person') as Person | undefined;
  const notice = person === undefined ? null : await takeNotice(request);
  return await request.html(
    <>
      {raw('<!doctype html>')}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="robots" content="noindex" />
          <title>{`${title} · notify-on-delivery`}</title>
          <link rel="icon" href="/static/icon.svg" type="image/svg+xml" />
          <link rel="stylesheet" href="/static/console.css" />
          <script src="/static/console.js" defer></script>
        </head>
        <body>
          <a class="skip" href="#content">
            Skip to the content
          </a>
          <header class="top">
            <a class="brand" href="/">
              <img src="/static/icon.svg" alt="" width="24" height="24" />
              notify-on-delivery
            </a>
            {person === undefined ? null : <Navigation place={place} person={person} />}
          </header>
          <main id="content" tabindex={-1}>
            {notice === null ? null : (
              <p class="notice" role="status">
                {notice}
              </p>
            )}
            {children}
          </main>
        </body>
      </html>
    </>,
    status,
  );
}

function Navigation({ place, person }: { place: Place | undefined; person: Person }) {
  return (
    <>
      <nav aria-label="Main">
        <ul>
          {places.map(([name, path, label]) => (
            <li>
              <a href={path} aria-current={name === place ? 'page' : undefined}>
                {label}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <form class="person" method="post" action="/sign-out">
        <span>
          {person.name} <small>{person.role}</small>
        </span>
        <button class="quiet" type="submit">
          Sign out
        </button>
      </form>
    </>
  );
}

/** What only some may see or do; nothing for the others. */
export function may(request: Request, needs: Person['role']): boolean {
  return mayAct(request.get('person').role, needs);
}
