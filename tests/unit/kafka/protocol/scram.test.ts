import { describe, expect, it } from '@jest/globals';
import { createScram } from '../../../../src/kafka/protocol/scram.ts';

const credentials = { username: 'user', password: 'pencil' };
const nonce = 'rOprNGfwEbeRWgbNEkqO';
const salt = 'W22ZaJ0SNY7soEsUEjb6gQ==';
const serverFirst = `r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=${salt},i=4096`;
const serverFinal = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

describe('a login by SCRAM', () => {
  it('goes as the example in RFC 7677', async () => {
    const scram = createScram('SCRAM-SHA-256', credentials, nonce);
    expect(scram.first).toBe(`n,,n=user,r=${nonce}`);
    expect(await scram.final(serverFirst)).toBe(
      `c=biws,r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
    );
    expect(() => scram.verify(serverFinal)).not.toThrow();
  });

  it('has a nonce of its own each time', () => {
    const [one, other] = [1, 2].map(() => createScram('SCRAM-SHA-512', credentials).first);
    expect(one).not.toBe(other);
  });

  it('may be of a user with any name', () => {
    const odd = { username: 'a=b,c', password: '' };
    expect(createScram('SCRAM-SHA-256', odd, 'x').first).toBe('n,,n=a=3Db=2Cc,r=x');
  });

  it.each([
    ['another nonce', `r=other,s=${salt},i=4096`],
    ['no salt', `r=${nonce}x,i=4096`],
    ['no iterations', `r=${nonce}x,s=${salt}`],
    ['iterations without end', `r=${nonce}x,s=${salt},i=2000000000`],
    ['an error', 'e=other-error'],
  ])('refuses a server that answers with %s', async (_, answer) => {
    const scram = createScram('SCRAM-SHA-256', credentials, nonce);
    await expect(scram.final(answer)).rejects.toThrow('rules of SCRAM');
  });

  it.each(['v=AAAA', 'e=invalid-proof', '', serverFinal.replace('6', '7')])(
    'refuses a server that does not know the password: %j',
    async (answer) => {
      const scram = createScram('SCRAM-SHA-256', credentials, nonce);
      await scram.final(serverFirst);
      expect(() => scram.verify(answer)).toThrow('does not prove');
    },
  );
});
