import { page } from '../components/frame.tsx';
import { Field } from '../components/parts.tsx';
import type { Request } from '../context.ts';

interface SignInPageOptions {
  /** A path of the console. */
  readonly next: string;
  /** As it was typed. */
  readonly name?: string;
  readonly problem?: string;
  /** The browser has come from another site, and sends no cookie then. */
  readonly mayBeIn?: boolean;
}

/** The form for name and password. */
export async function signInPage(
  request: Request,
  { next, name = '', problem, mayBeIn = false }: SignInPageOptions,
  status: 200 | 401 | 429,
): Promise<Response> {
  const children = (
    <section class="sign-in" aria-labelledby="sign-in-title">
      <h1 id="sign-in-title">Sign in</h1>
      {problem === undefined ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {mayBeIn ? <a href={next}>Go on, if you are signed in already</a> : null}
      <form method="post" action="/sign-in">
        <input type="hidden" name="next" value={next} />
        <Field label="Name" name="name" value={name} autocomplete="username" required />
        <Field
          label="Password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
        />
        <button class="main" type="submit">
          Sign in
        </button>
      </form>
    </section>
  );
  return await page(request, { title: 'Sign in', children }, status);
}

/** Says one thing to somebody who is not signed in. */
export async function sayPage(
  request: Request,
  { title, sentence }: { readonly title: string; readonly sentence: string },
  status: 200 | 401 | 403,
): Promise<Response> {
  const children = (
    <>
      <h1>{title}</h1>
      <p class={status === 200 ? undefined : 'problem'}>{sentence}</p>
      {status === 200 ? <a href="/">To the overview</a> : null}
    </>
  );
  return await page(request, { title, children }, status);
}
