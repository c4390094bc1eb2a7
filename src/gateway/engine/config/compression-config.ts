// How answers are compressed, as the engine uses it: Envoy's compressor filters of one connection manager together.

export type ContentCoding = 'gzip' | 'br' | 'zstd';

export interface Compression {
  /** In the order of their filters: the first is taken where the client does not mind. */
  readonly codings: readonly ContentCoding[];
  /** Without parameters, lower case. */
  readonly contentTypes: ReadonlySet<string>;
  readonly minContentLength: number;
}
