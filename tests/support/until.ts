/** For tests: never sleep, wait for what is to be seen. */
export { until, type UntilOptions } from '../../scripts/services/until.ts';
