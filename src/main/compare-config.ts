// The way of the CLI to the comparison of intended and actual configuration.
export { compareConfig } from '../pilot/status/compare-config.ts';
