import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { compileRouteQuery } from '../../../src/mysql/routeSql.ts';

function compile(text: string) {
  return compileRouteQuery(text, 'my.sql');
}

describe('compileRouteQuery', () => {
  it('binds parameters in the order and as often as they are used', () => {
    expect(compile('SELECT :flowId,:accountId FROM t WHERE a=:accountId')).toEqual({
      sql: 'SELECT ?,? FROM t WHERE a=?',
      parameters: ['flowId', 'accountId', 'accountId'],
    });
  });

  it.each([
    ["-- it's the account's\nSELECT :accountId", 'SELECT ?'],
    ["# it's :fine; really?\nSELECT :accountId", 'SELECT ?'],
    ["SELECT/* it's :fine; really? */:accountId", 'SELECT ?'],
    ['SELECT :accountId --', 'SELECT ?'],
    ['SELECT :accountId --\r\n, 1', 'SELECT ?  \n, 1'],
    ['\uFEFFSELECT :accountId', 'SELECT ?'],
    ['(SELECT :accountId)', '(SELECT ?)'],
    ['WITH x AS (SELECT 1) SELECT :accountId FROM x', 'WITH x AS (SELECT 1) SELECT ? FROM x'],
  ])('strips the comments of %j', (text, sql) => {
    expect(compile(text).sql).toBe(sql);
  });

  it.each([
    "SELECT ':flowId -- # /* ; ?', ?",
    String.raw`SELECT 'it''s \' :flowId', ?`,
    'SELECT "say ""hi"" \\" :flowId;", ?',
    'SELECT `a``:flowId;.b` , ?',
    'SELECT 5--1, ?',
    'SELECT /*+ MAX_EXECUTION_TIME(1000) */ ?',
    'SELECT /*!80000 1, */ ?',
    "SELECT j->'$.a', @x:=1, ?",
  ])('leaves %j as it is', (sql) => {
    expect(compile(sql.replace(/\?$/, ':accountId'))).toEqual({
      sql: sql.replace(/\?$/, '?'),
      parameters: ['accountId'],
    });
  });

  it.each(['SELECT :accountId;', 'SELECT :accountId ; ;\n-- the end; really\n'])(
    'takes one statement with its semicolon: %j',
    (text) => {
      expect(compile(text).sql).toBe('SELECT ?');
    },
  );

  it.each([
    ['SELECT :accountId; SELECT 1', 'has more than one statement'],
    ["SELECT :accountId; 'x'", 'has more than one statement'],
    [
      'SELECT :accountID',
      'uses :accountID, which is none of its parameters :accountId, :flowId, :deliveryStatus',
    ],
    ['SELECT ?', 'has a ? in it; its parameters are :accountId, :flowId, :deliveryStatus'],
    ['SELECT :flowId', 'does not use :accountId'],
    ["SELECT ':accountId'", 'does not use :accountId'],
    ["SELECT :accountId, 'x", "has a ' that is never closed"],
    ["SELECT :accountId, 'it''s", "has a ' that is never closed"],
    ['SELECT :accountId, `x', 'has a ` that is never closed'],
    ['SELECT :accountId /* x', 'has a /* that is never closed'],
    ['', 'is not a SELECT'],
    ['-- nothing', 'is not a SELECT'],
    ['UPDATE Flow SET webhookEnabled = :accountId', 'is not a SELECT'],
    ['selected :accountId', 'is not a SELECT'],
  ])('refuses %j: it %s', (text, problem) => {
    expect(() => compile(text)).toThrow(
      expect.objectContaining({ kind: 'schema', message: `my.sql ${problem}` }),
    );
  });

  it.each([
    ['route.sql', ['flowId', 'accountId']],
    ['route.key-value.sql', ['flowId', 'accountId']],
    ['route.per-status.sql', ['flowId', 'accountId', 'deliveryStatus']],
  ])('takes the shipped %s', (file, parameters) => {
    const text = readFileSync(new URL(`../../../config/${file}`, import.meta.url), 'utf8');
    expect([...new Set(compile(text).parameters)]).toEqual(parameters);
  });
});
