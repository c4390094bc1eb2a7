// xxHash64, the hash of Envoy's consistent load balancing (source/common/common/hash.h): both data planes pick the same host.
import xxhash from 'xxhash-wasm';

const { h64Raw } = await xxhash();

/** Of the text's bytes, one per character, as header values are kept here. */
export const xxHash64 = (text: string, seed = 0n): bigint => h64Raw(Buffer.from(text, 'latin1'), seed);
