import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import type { Role } from '../../../src/console/role.ts';
import { password } from './users.ts';

/** How a page is looked at. */
export interface Look {
  readonly theme: 'light' | 'dark';
  /** Of the window: a telephone's, or a desk's. */
  readonly width: 380 | 1280;
}

export const looks: readonly Look[] = [
  { theme: 'light', width: 1280 },
  { theme: 'dark', width: 1280 },
  { theme: 'light', width: 380 },
  { theme: 'dark', width: 380 },
];

export interface VisitOptions extends Partial<Look> {
  /** Of the person who is signed in; null for nobody. `editor` by default. */
  readonly role?: Role | null;
  readonly javaScript?: boolean;
}

/** One window. Every question of a page is answered with yes. */
export interface Visit {
  readonly page: Page;
  /** Without, what waits in the browser waits for ever. */
  readonly javaScript: boolean;
  /** Goes to a path and waits until it is shown; its status. */
  open(path: string): Promise<number>;
  /** What the browser has complained of since this was asked last: scripts, styles, policies, failed requests. */
  problems(): readonly string[];
  /** `POST /sms/1/resend`, of all that was sent. */
  posts(): readonly string[];
}

const LIMIT_MS = 30_000;

/** A browser whose windows look at this console. */
export async function openBrowser(origin: string) {
  const executablePath = process.env['TEST_CHROMIUM'];
  if (executablePath === undefined) {
    throw new Error('TEST_CHROMIUM is missing: run the tests through npm run test:console');
  }
  // Chromium's sandbox does not work for root.
  const chromiumSandbox = process.getuid?.() !== 0;
  const browser = await chromium.launch({ executablePath, chromiumSandbox });
  const sessions = new Map<Role, ReturnType<typeof signIn>>();
  const sessionOf = async (role: Role): ReturnType<typeof signIn> => {
    const session = sessions.get(role) ?? signIn(browser, origin, role);
    sessions.set(role, session);
    return await session;
  };
  return {
    async visit(options: VisitOptions = {}): Promise<Visit> {
      const { theme = 'light', width = 1280, role = 'editor', javaScript = true } = options;
      const context = await browser.newContext({
        baseURL: origin,
        colorScheme: theme,
        viewport: { width, height: 900 },
        javaScriptEnabled: javaScript,
        ...(role === null ? {} : { storageState: await sessionOf(role) }),
      });
      return { javaScript, ...(await openWindow(context)) };
    },
    close: async (): Promise<void> => await browser.close(),
  };
}

/** By the form, as people do; what the browser then keeps. */
async function signIn(browser: Browser, origin: string, role: Role) {
  const context = await browser.newContext({ baseURL: origin });
  const page = await context.newPage();
  await page.goto('/sign-in');
  await page.getByLabel(/name/i).fill(role);
  await page.getByLabel(/password/i).fill(password);
  await page.getByRole('button', { name: /sign in/i }).click();
  await page.getByRole('button', { name: /sign out/i }).waitFor({ timeout: LIMIT_MS });
  const session = await context.storageState();
  await context.close();
  return session;
}

async function openWindow(context: BrowserContext): Promise<Omit<Visit, 'javaScript'>> {
  const page = await context.newPage();
  page.setDefaultTimeout(LIMIT_MS);
  let problems: string[] = [];
  const posts: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('requestfailed', (request) => {
    const failure = request.failure()?.errorText ?? '';
    // A part that was being refreshed when the page was left.
    if (failure !== 'net::ERR_ABORTED') problems.push(`${request.url()}: ${failure}`);
  });
  page.on('request', (request) => {
    if (request.method() === 'POST') posts.push(`POST ${new URL(request.url()).pathname}`);
  });
  page.on('dialog', (dialog) => void dialog.accept());
  return {
    page,
    async open(path) {
      const response = await page.goto(path);
      return response?.status() ?? 0;
    },
    problems() {
      const found = problems;
      problems = [];
      return found;
    },
    posts: () => posts,
  };
}
