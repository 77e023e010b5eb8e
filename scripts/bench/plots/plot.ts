interface Described {
  /** Tells it from the scenario's others, and is part of a file's name: lower-case letters, digits, `-`. */
  readonly name: string;
  readonly title: string;
  /** Stands below the title; null for none. */
  readonly note: string | null;
  /** What the values are, with their unit. */
  readonly unit: string;
}

/** A figure of several contenders, or several figures of each. */
export interface BarPlot extends Described {
  readonly kind: 'bars';
  readonly scale: 'linear' | 'logarithmic';
  /** What the bars of a group are, in their order. One alone needs no legend. */
  readonly series: readonly string[];
  readonly groups: readonly BarGroup[];
}

export interface BarGroup {
  readonly label: string;
  /** What the plot is about: it stands out. */
  readonly isEmphasised: boolean;
  /** As many as there are series; null for none. */
  readonly values: readonly (number | null)[];
}

/** Figures that change over something, mostly over time. */
export interface LinePlot extends Described {
  readonly kind: 'lines';
  /** What they change over, with its unit. */
  readonly over: string;
  readonly lines: readonly Line[];
}

export interface Line {
  readonly label: string;
  /** By rising x; a y of null interrupts the line. */
  readonly points: readonly Point[];
}

export type Point = readonly [x: number, y: number | null];

/** Nothing but plain values: what a report stores, and what is drawn from it. */
export type Plot = BarPlot | LinePlot;
