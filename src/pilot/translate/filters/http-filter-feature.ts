// What each HTTP filter of the gateway gives: a name and its listener-wide configuration.
import type { Any } from '@bufbuild/protobuf/wkt';

export interface HttpFilterFeature {
  readonly name: string;
  /** Hosts and routes may switch it on. */
  readonly disabled?: boolean;
  readonly config: () => Any;
}
