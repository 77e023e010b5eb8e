/** For tests: never sleep, wait for what is to be seen. */
export { until } from '../../scripts/services/until.ts';
