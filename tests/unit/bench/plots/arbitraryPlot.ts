import fc from 'fast-check';
import type { BarPlot, LinePlot, Plot } from '../../../../scripts/bench/plot.ts';

const text = fc.oneof(
  fc.string({ maxLength: 120 }),
  fc.string({ unit: 'binary', maxLength: 120 }),
  // What a string can hold and XML can't: control characters and halves of pairs.
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.constantFrom('<&">', ']]>', '&amp;', '</text>', 'W'.repeat(300)),
  fc.constantFrom(...Object.getOwnPropertyNames(Object.prototype)),
);

/** Also what no measurement gives, and what a division by nothing gives. */
const number = fc.oneof(
  fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 }).map((value) => value / 1_000),
  fc.integer({ min: 0, max: 10 }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0),
);

const value = fc.option(number);
const described = {
  name: fc.constant('any'),
  title: text,
  note: fc.option(text),
  unit: text,
};

const barPlot: fc.Arbitrary<BarPlot> = fc.record({
  kind: fc.constant('bars'),
  ...described,
  scale: fc.constantFrom('linear', 'logarithmic'),
  series: fc.array(text, { minLength: 1, maxLength: 5 }),
  groups: fc.array(
    fc.record({
      label: text,
      isEmphasised: fc.boolean(),
      values: fc.array(value, { maxLength: 6 }),
    }),
    { maxLength: 8 },
  ),
});

const linePlot: fc.Arbitrary<LinePlot> = fc.record({
  kind: fc.constant('lines'),
  ...described,
  over: text,
  lines: fc.array(
    fc.record({ label: text, points: fc.array(fc.tuple(number, value), { maxLength: 30 }) }),
    { maxLength: 12 },
  ),
});

export const arbitraryPlot: fc.Arbitrary<Plot> = fc.oneof(barPlot, linePlot);
