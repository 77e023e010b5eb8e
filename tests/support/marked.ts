import { Buffer } from 'node:buffer';

/** What must never be in what a worker writes, each so that it would be found. */
export const marked = {
  text: 'MARKEDTEXT',
  phone: '918877665544',
  query: 'MARKEDQUERY',
  user: 'MARKEDUSER',
  password: 'MARKEDPASSWORD',
  header: 'MARKEDHEADER',
  secret: `whsec_${Buffer.from('MARKEDSECRETMARKEDSECRETMARKEDSE').toString('base64')}`,
  mysqlPassword: 'MARKEDMYSQL',
} as const;

/** Fields of an SMS. */
export const markedFields = { text: marked.text, to: marked.phone } as const;

/** A webhook at this URL: with credentials and a query, a header and a secret. */
export function markedWebhook(url: string): {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secret: string;
} {
  const whole = new URL(url);
  whole.username = marked.user;
  whole.password = marked.password;
  whole.searchParams.set('token', marked.query);
  return { url: whole.href, headers: { 'x-api-key': marked.header }, secret: marked.secret };
}

/** Which of them are in a text, as they are or as Base64. */
export function marksIn(text: string): readonly string[] {
  return Object.entries(marked).flatMap(([name, value]) => {
    const encoded = Buffer.from(value).toString('base64').slice(0, 12);
    return text.includes(value) || text.includes(encoded) ? [name] : [];
  });
}
