// What the engine's configuration promises to whoever feeds it (an ADS client, mounted secrets) and to whoever serves from it.
import type { ReceivedResource, ReceivedUpdate, UpdateVerdict } from '../../../xds/client/ads-client.ts';
import type { TypeUrl } from '../../../xds/type-urls.ts';
import type { EngineConfig } from './engine-config.ts';

/** Names that the content held asks for; each sorted. Clusters and listeners are wildcard subscriptions. */
export interface WantedNames {
  /** EDS, from the management server. */
  readonly endpoints: readonly string[];
  /** SRDS, from the management server: all of them, or none. */
  readonly scopes: boolean;
  /** RDS, from the management server. */
  readonly routes: readonly string[];
  /** SDS, from the management server. */
  readonly secrets: readonly string[];
  /** SDS, from the gateway's own mounted files (`file-cert:…`, `file-root:…`). */
  readonly fileSecrets: readonly string[];
}

/** Something in the configuration that the engine does not do, although it could change traffic. */
export interface ConfigWarning {
  readonly typeUrl: TypeUrl;
  /** Name of the resource. */
  readonly name: string;
  /** What is not done, and what happens instead. */
  readonly message: string;
}

export interface ConfigStore {
  /**
   * Takes one response. Good resources are in force afterwards even where others are bad; those keep their last version.
   * Undefined is an ACK; a text, as Envoy words it with the names of the bad resources, is a NACK. Never throws.
   */
  apply(update: ReceivedUpdate): UpdateVerdict;
  /** What serves now: whatever still waits for its routes, secrets or endpoints is not in it, or in its last version. */
  current(): EngineConfig;
  /** Called synchronously after each change of `current`. Returns the function that ends the subscription. */
  subscribe(listener: (config: EngineConfig) => void): () => void;
  wanted(): WantedNames;
  /** Clusters have arrived, and the endpoints of all of them, or are known to be missing. */
  hasAllClusters(): boolean;
  /** Listeners and clusters have arrived and all they name has too, or is known to be missing. */
  isComplete(): boolean;
  /** Sorted by type and name. */
  warnings(): readonly ConfigWarning[];
  /** What was accepted, as received: the source of config dumps. */
  held(typeUrl: TypeUrl): ReadonlyMap<string, ReceivedResource>;
  /** Brings another store to the same state, names known to be missing included. Types that never arrived are not in it. */
  replay(): readonly ReceivedUpdate[];
}
