// The changes of a message's header fields, as the engine uses them, ready to be made.
import type { RequestInfo } from './request-info.ts';

/** First what is removed, then what is overwritten, then what is added; values are made before any of it is done. */
export interface HeaderMutations {
  /** Lower case. */
  readonly remove: readonly string[];
  readonly put: readonly HeaderPut[];
}

export interface HeaderPut {
  /** Lower case. */
  readonly name: string;
  readonly value: string | ((info: RequestInfo) => string);
  readonly action: 'append' | 'add if absent' | 'overwrite' | 'overwrite if present';
  /** Without it an empty value does nothing. */
  readonly keepEmptyValue: boolean;
}
