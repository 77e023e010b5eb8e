import { describe, expect, it } from '@jest/globals';
import { headersFrom } from '../../../src/support/setup.ts';

describe('headers of a webhook', () => {
  it('are read from lines, values with colons too', () => {
    expect(headersFrom(['X-Team: sms', 'authorization:Bearer a:b'])).toEqual({
      'X-Team': 'sms',
      authorization: 'Bearer a:b',
    });
  });

  it('are none by that word', () => {
    expect(headersFrom(['none'])).toBeNull();
  });

  it.each([
    ['a line without a colon', ['secret token'], "Header 1 must have the form 'Name: value'."],
    ['a name that is none', ['a b: c'], 'header 1 is not a token'],
    ['a value that can not be sent', ['a: और'], 'characters a header cannot carry'],
    ['what the worker sets', ['Webhook-Id: 1'], 'The header Webhook-Id is set by the worker'],
  ])('are refused: %s', (_what, lines, says) => {
    expect(() => headersFrom(lines)).toThrow(says);
  });
});
