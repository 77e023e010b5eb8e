import { dateText, readDay } from '../../support/day.ts';
import type { FoundSms } from '../../support/findSms.ts';
import { maskNumber } from '../../support/masking.ts';
import { searchSms, type SearchResult } from '../../support/searchSms.ts';
import { textOf } from '../../support/verdict.ts';
import { count } from '../../support/words.ts';
import { page } from '../components/frame.tsx';
import { Badge, Empty, Field, Section, State, Table, Time } from '../components/parts.tsx';
import type { Request, Route } from '../context.ts';
import { readQuery } from '../form.ts';
import { smsPath } from '../sms/smsPath.ts';

/** Of more, the person has to say more. */
const SHOWN_AT_MOST = 100;

export const findRoutes: readonly Route[] = [
  { method: 'GET', path: '/find', role: 'viewer', handle: showFind },
];

async function showFind(request: Request): Promise<Response> {
  const { session, zone } = request.get('context');
  const query = readQuery(request);
  const what = query.text('q');
  const on = query.text('on');
  const day = readDay(on === '' ? 'today' : on, zone);
  if (day === null) {
    const problem = `The day ${JSON.stringify(on)} can't be read: write it as 2026-01-31.`;
    return await findPage(request, { what, on: '', problem });
  }
  const asked = { what, on: dateText(day, zone) };
  if (what === '') return await findPage(request, asked);
  const howMany = { limit: SHOWN_AT_MOST, isExplained: false };
  const result = await searchSms(session, { what, day }, howMany);
  const only = onlyOne(result);
  if (only !== null) return request.redirect(smsPath(only.data.smsId), 303);
  return await findPage(request, { ...asked, result });
}

function onlyOne(result: SearchResult): FoundSms | null {
  if (result.kind === 'none' || result.hasMore) return null;
  const [first, ...others] = result.sms;
  return others.length === 0 ? (first ?? null) : null;
}

interface FindPage {
  readonly what: string;
  readonly on: string;
  readonly problem?: string;
  readonly result?: SearchResult;
}

async function findPage(
  request: Request,
  { what, on, problem, result }: FindPage,
): Promise<Response> {
  const children = (
    <>
      <h1>Find an SMS</h1>
      <Section title="What you know of it" id="search">
        {problem === undefined ? null : (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <form class="fields" method="get" action="/find" role="search">
          <Field
            label="Id or phone number"
            name="q"
            type="search"
            value={what}
            required
            autocomplete="off"
            hint="An SMS id, a webhook-id, a phonon-uuid, or a phone number"
          />
          <Field
            label="Day"
            name="on"
            type="date"
            value={on}
            hint="Only for a phone number: sent or delivered on this day"
          />
          <button class="main" type="submit">
            Find
          </button>
        </form>
      </Section>
      {result === undefined ? null : <Result request={request} result={result} />}
    </>
  );
  const status = problem === undefined ? 200 : 400;
  return await page(request, { title: 'Find an SMS', place: 'find', children }, status);
}

function Result({ request, result }: { request: Request; result: SearchResult }) {
  if (result.kind === 'none') {
    return (
      <Section title="Nothing found" id="result">
        {result.said.map((sentence) => (
          <Empty>{sentence}</Empty>
        ))}
      </Section>
    );
  }
  const { sms, hasMore } = result;
  return (
    <Section title={`${count(sms.length)} found`} id="result">
      {hasMore ? <p>There are more. These are some of them.</p> : null}
      <Table
        label="SMS that were found"
        headings={['SMS', 'Sent', 'To', 'Status', 'State', 'Account']}
        rows={sms.map((each) => rowOf(each, request))}
      />
    </Section>
  );
}

function rowOf({ data }: FoundSms, request: Request) {
  const { times } = request.get('context');
  const { smsId, sendTime, to, deliveryStatus, state, accountId } = data;
  return [
    <a href={smsPath(smsId)}>{smsId}</a>,
    <Time at={sendTime} times={times} />,
    maskNumber(to),
    deliveryStatus === null ? 'none' : textOf(deliveryStatus),
    state === null ? <Badge tone="off">none</Badge> : <State state={textOf(state)} />,
    textOf(accountId),
  ];
}
