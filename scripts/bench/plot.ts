import { z } from 'zod';

const described = {
  /** Tells it from the scenario's others, and is part of a file's name. */
  name: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string(),
  /** Stands below the title. */
  note: z.string().nullable(),
  /** What the values are, with their unit. */
  unit: z.string(),
};

const bars = z.strictObject({
  kind: z.literal('bars'),
  ...described,
  scale: z.enum(['linear', 'logarithmic']),
  /** What the bars of a group are, in their order. One alone needs no legend. */
  series: z.array(z.string()).readonly(),
  groups: z
    .array(
      z.strictObject({
        label: z.string(),
        /** What the plot is about: it stands out. */
        isEmphasised: z.boolean(),
        /** One for each of the series; null for none. */
        values: z.array(z.number().nullable()).readonly(),
      }),
    )
    .readonly(),
});

const lines = z.strictObject({
  kind: z.literal('lines'),
  ...described,
  /** What the values change over, with its unit. */
  over: z.string(),
  lines: z
    .array(
      z.strictObject({
        label: z.string(),
        /** By rising x; a y of null interrupts the line. */
        points: z.array(z.tuple([z.number(), z.number().nullable()]).readonly()).readonly(),
      }),
    )
    .readonly(),
});

/** Nothing but plain values: what a report stores, and what is drawn from it. */
export const plotSchema = z.discriminatedUnion('kind', [bars, lines]);

export type BarPlot = Readonly<z.infer<typeof bars>>;
export type LinePlot = Readonly<z.infer<typeof lines>>;
export type Plot = BarPlot | LinePlot;
