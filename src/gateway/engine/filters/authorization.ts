// What a service that was asked about a request says to it.
import type { MetadataFields } from '../config/engine-config.ts';
import type { HeaderList } from '../http/header-list.ts';

/** Of the request's body, as far as it is sent along. */
export interface CheckedBody {
  readonly bytes: Buffer;
  /** There is more. */
  readonly isPartial: boolean;
}

export type HeaderAction = 'set' | 'add' | 'append if present' | 'add if absent' | 'set if present';

/** Name in lower case. */
export interface HeaderChange {
  readonly name: string;
  readonly value: string;
  readonly action: HeaderAction;
}

export interface Allowed {
  readonly kind: 'allowed';
  /** Of what the endpoint gets, in order; then what is removed. */
  readonly requestHeaders: readonly HeaderChange[];
  readonly removeHeaders: readonly string[];
  /** Of what the client gets, whoever answers. */
  readonly responseHeaders: readonly HeaderChange[];
  readonly setQuery: readonly (readonly [name: string, value: string])[];
  readonly removeQuery: readonly string[];
  /** Written down for the access log. */
  readonly metadata: MetadataFields | undefined;
  readonly changesRequest: boolean;
}

export type Authorization =
  | Allowed
  | {
      readonly kind: 'denied';
      readonly status: number;
      readonly headers: HeaderList;
      readonly body: Buffer;
      readonly metadata: MetadataFields | undefined;
      /** How long the service took, where the client is told. */
      readonly serviceTimeMs?: number | undefined;
    }
  /** It cannot be asked, or what it says is no answer. */
  | { readonly kind: 'error' };

export const noAuthorization: Authorization = { kind: 'error' };
