import { describe, expect, it } from '@jest/globals';
import {
  fieldNames,
  fieldsOf,
  pathOf,
  routes,
  seededPathOf,
  useAttackedConsole,
} from '../../support/attackedConsole.ts';
import { as, type Answer, type Asked } from '../../support/consoleUnderTest.ts';
import { hostile, ofAnother, script } from '../../support/hostileTexts.ts';
import { unsafeParts } from '../../support/safeHtml.ts';

const attacked = useAttackedConsole(import.meta.url);
const names = fieldNames();

/** What people write who want something else than an answer. */
const attacks: Readonly<Record<string, string>> = {
  'a script': script,
  'a script in an attribute': `" onmouseover="alert(1)" autofocus onfocus='alert(1)`,
  'a URL that is a script': 'javascript:alert(1)',
  'an operator': '{"$ne":null}',
  'an operator of another kind': '{"$where":"sleep(5000)"}',
  'an aggregation': '[{"$out":"stolen"}]',
  'a field path': '$$ROOT',
  'a regular expression': '.*',
  'an expensive regular expression': `^(a+)+$${'a'.repeat(50)}!`,
  SQL: `28' OR '1'='1`,
  'more SQL': '28; DROP TABLE Webhook; --',
  'a zero byte': 'a\u0000b',
  'a path upwards': '../../../../etc/passwd',
  'line ends': 'a\r\nset-cookie: session=1\r\n\r\n<script>alert(1)</script>',
  'half a character': '\ud800',
  'a very long text': 'x'.repeat(6_000),
  'a negative number': '-1',
  'a number out of range': '9223372036854775808',
  'a number of another notation': '0x1c',
  'a fraction': '28.0',
  'the prototype': '__proto__',
  'a member of every object': 'constructor',
  nothing: ' ',
};

/** Paths and queries that are no text of UTF-8, or name things twice. */
const rawAttacks = [
  '%ff%fe',
  '%00',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '..%2f..%2fetc%2fpasswd',
  '%252e%252e%252f',
  '%zz',
  '%e0%a4%a',
  '%f0%9f',
  '%c0%ae%c0%ae/',
  '28%0d%0aset-cookie:%20a=b',
  '28;29',
  '28,29',
  '%5b$ne%5d=',
] as const;

const support = as('editor');

async function ask(path: string, asked: Asked = {}): Promise<Answer> {
  return await attacked().served.ask(path, { ...asked, headers: support });
}

/** What is wrong with an answer; null for nothing. `may` is what the route shows in any case. */
function problemOf(answer: Answer, may = ''): string | null {
  if (answer.status >= 500) return `status ${answer.status}`;
  if (answer.headers['set-cookie']?.some((cookie) => !cookie.startsWith('notice=')) === true) {
    return 'another cookie';
  }
  if (answer.body.includes(ofAnother) && !may.includes(ofAnother)) return 'data of another account';
  if (answer.body.includes('root:x:0')) return 'a file';
  const [unsafe] = unsafeParts(answer);
  return unsafe === undefined ? null : `unsafe: ${unsafe.slice(0, 200)}`;
}

type Try = readonly [what: string, ask: () => Promise<Answer>];

/** Eight at a time, as browsers do; what went wrong. */
async function tryAll(tries: readonly Try[], may = ''): Promise<readonly string[]> {
  const problems: string[] = [];
  const left = [...tries];
  const work = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [what, run] = next;
      const problem = problemOf(await run(), may);
      if (problem !== null) problems.push(`${what}: ${problem}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return problems;
}

const encoded = (text: string): string => encodeURIComponent(text.toWellFormed());

it('has names of fields to attack', () => {
  expect(names).toEqual(expect.arrayContaining(['name', 'password', 'next', 'probe']));
});

describe.each(routes)('$method $path', (route) => {
  const hasParameter = pathOf(route, '') !== route.path;
  const ofForm = route.method === 'POST';

  const send = async (path: string, fields: Readonly<Record<string, string>>): Promise<Answer> => {
    if (ofForm) return await ask(path, { form: fields });
    return await ask(`${path}?${new URLSearchParams(fields).toString()}`);
  };

  /** What everybody sees there who asks for nothing. */
  const plain = async (): Promise<string> =>
    hasParameter || ofForm ? '' : (await ask(route.path)).body;

  it('takes anything in its path for a text or refuses it', async () => {
    if (!hasParameter) return;
    const asked: Asked = ofForm ? { form: {} } : {};
    const tries = [
      ...Object.entries(attacks).map(([what, text]): Try => [
        what,
        async () => await ask(pathOf(route, encoded(text)), asked),
      ]),
      ...rawAttacks.map((raw): Try => [raw, async () => await ask(pathOf(route, raw), asked)]),
    ];
    expect(await tryAll(tries)).toEqual([]);
  });

  it('takes anything in all its fields for a text or refuses it', async () => {
    const may = await plain();
    const tries = Object.entries(attacks).map(([what, text]): Try => {
      const fields = Object.fromEntries(names.map((name) => [name, text.slice(0, 300)]));
      return [what, async () => await send(seededPathOf(route), fields)];
    });
    expect(await tryAll(tries, may)).toEqual([]);
  });

  it('takes anything in one field beside good ones for a text or refuses it', async () => {
    const may = await plain();
    const good = plausible(names);
    await send(seededPathOf(route), good);
    const tries = fieldsOf(route).flatMap((name) =>
      Object.entries(attacks).map(([what, text]): Try => {
        const fields = { ...good, [name]: text };
        return [`${what} in ${name}`, async () => await send(seededPathOf(route), fields)];
      }),
    );
    expect(await tryAll(tries, may)).toEqual([]);
  });

  it('is not confused by the names of fields', async () => {
    const may = await plain();
    const path = seededPathOf(route);
    const tries = ['probe', ...fieldsOf(route)].flatMap((name) =>
      [
        `${name}[$ne]=1`,
        `${name}[]=28&${name}[]=29`,
        `${name}=28&${name}=x`,
        `${name}.$gt=`,
        `__proto__[${name}]=28`,
        `${name}=%ff%fe`,
        name,
        `%00${name}=1&&=&=x`,
      ].map((query): Try => {
        const asked: Asked = ofForm ? { form: query } : {};
        const target = ofForm ? path : `${path}?${encodeURI(query).replaceAll('%25', '%')}`;
        return [query, async () => await ask(target, asked)];
      }),
    );
    expect(await tryAll(tries, may)).toEqual([]);
  });
});

describe('a body that is no form', () => {
  const bodies: readonly (readonly [type: string, body: string])[] = [
    ['multipart/form-data', 'x'],
    ['multipart/form-data; boundary=x', '--x\r\nbroken'],
    ['multipart/form-data; boundary=x', upload('probe', 'a.txt')],
    ['application/json', '{"probe":{"$ne":null}}'],
    ['application/json', '{'],
    ['text/xml', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
    ['application/x-www-form-urlencoded', '%'],
    ['application/x-www-form-urlencoded; charset=utf-16', 'probe=1'],
    ['', 'probe=1'],
  ];

  it.each(bodies)('of type %j is an answer, not an error: %j', async (type, body) => {
    const acts = [
      ...routes.filter(({ method }) => method === 'POST').map(seededPathOf),
      '/sign-out',
    ];
    const tries = acts.map((path): Try => [
      path,
      async () =>
        await attacked().served.ask(path, {
          method: 'POST',
          body,
          headers: { ...support, 'sec-fetch-site': 'same-origin', 'content-type': type },
        }),
    ]);
    expect(await tryAll(tries)).toEqual([]);
  });
});

function upload(name: string, file: string): string {
  const head = `content-disposition: form-data; name="${name}"; filename="${file}"`;
  return `--x\r\n${head}\r\ncontent-type: text/plain\r\n\r\ncontent\r\n--x--\r\n`;
}

/** Something that each field may take, as far as its name says what. */
function plausible(all: readonly string[]): Record<string, string> {
  const guesses: readonly (readonly [RegExp, string])[] = [
    [/account/i, String(hostile.account)],
    [/flow/i, String(hostile.flow)],
    [/webhook/i, '1'],
    [/url/i, 'http://10.9.8.7/'],
    [/since|until|from|to$|at$/i, '2026-01-31T10:00'],
    [/day|date/i, 'today'],
    [/uuid/i, hostile.phononUuid],
    [/number|phone/i, hostile.number],
    [/header/i, 'X-Team: sms'],
    [/secret/i, 'none'],
    [/^(?:enabled|sign|default)$/, 'yes'],
    [/^act$/, 'rotate'],
    [/^what$/, 'text'],
    [/^q$/, hostile.number],
  ];
  const guess = (name: string): string => guesses.find(([form]) => form.test(name))?.[1] ?? '1';
  return Object.fromEntries(all.map((name) => [name, guess(name)]));
}
