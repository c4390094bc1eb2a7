// The worker thread behind createDocumentParser: text in, value and offsets of its fields out.
import { parentPort } from 'node:worker_threads';
import { MAX_POSITIONS } from './limits.ts';
import { type DocumentProblem, parseDocument } from './parse-document.ts';

export type ParseReply =
  | {
      readonly kind: 'value';
      readonly value: unknown;
      /** Offset by path, the path as JSON. */
      readonly offsets: ReadonlyMap<string, number>;
    }
  | { readonly kind: 'failed'; readonly problems: readonly DocumentProblem[] };

parentPort?.on('message', (text: string) => parentPort?.postMessage(reply(text)));

function reply(text: string): ParseReply {
  const parsed = parseDocument(text);
  if (parsed.kind === 'failed') return parsed;
  return { kind: 'value', value: parsed.value, offsets: parsed.offsets?.(MAX_POSITIONS) ?? new Map() };
}
