/**
 * Seen on white and on dark pages alike, since an image does not know which it is on. The first four differ
 * for the colour-blind too.
 */
export const palette = {
  text: '#737a84',
  grid: '#8b949e',
  plain: '#8b949e',
  series: ['#3b82c4', '#d55e00', '#009e73', '#cc79a7'],
} as const;

export function seriesColour(index: number): string {
  return palette.series[index % palette.series.length] ?? palette.plain;
}

/** Lines past the last colour begin anew, with dashes. */
export function dashes(index: number): string {
  const round = Math.floor(index / palette.series.length);
  return round === 0 ? 'none' : `${6 / round} 3`;
}
