// What the converters of a listener's parts share: where they are, and what they find that is needed from elsewhere.
import type { RouteTable, SecretConfig } from './engine-config.ts';

/** What the parts of a listener add while it is converted. */
export interface ListenerNeeds {
  readonly routes: Set<string>;
  /** Whether it looks for routes by scopes. */
  readonly scopes: Set<'all'>;
  readonly secrets: Set<string>;
  readonly fileSecrets: Set<string>;
  /** Inline route configurations and certificates, by names that no resource can have. */
  readonly inlineRoutes: Map<string, RouteTable>;
  readonly inlineSecrets: Map<string, SecretConfig>;
}

export interface ChainContext {
  readonly listener: string;
  /** Of the listener. */
  readonly version: string;
  /** Index of the chain, or `default`. */
  readonly chain: string;
  /** `error adding listener '0.0.0.0:80': `. */
  readonly where: string;
  readonly needs: ListenerNeeds;
}
