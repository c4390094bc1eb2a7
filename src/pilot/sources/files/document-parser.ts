// Parses documents without holding up the process: small ones here, large ones in a worker thread with a time limit.
import { Worker } from 'node:worker_threads';
import type { FieldPath } from '../../resources/resource.ts';
import { MAX_INLINE_LENGTH, PARSE_TIMEOUT_MS, WORKER_IDLE_MS } from './limits.ts';
import { type ParsedDocument, parseDocument } from './parse-document.ts';
import type { ParseReply } from './parse-worker.ts';

export interface DocumentParser {
  /** Never rejects. */
  parse(text: string): Promise<ParsedDocument>;
  /** Ends the worker; long documents being parsed, waiting or coming later fail. */
  close(): Promise<void>;
}

/** A worker with more than this is ended by Node, and its document fails. */
const MAX_WORKER_MEMORY_MB = 1024;

// Published, this file and its worker are both JavaScript.
const workerFile = new URL(`./parse-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

export function createDocumentParser(timeoutMs = PARSE_TIMEOUT_MS): DocumentParser {
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let closed = false;
  /** One long document at a time: each takes much memory. */
  let last: Promise<unknown> = Promise.resolve();

  async function parseInWorker(text: string): Promise<ParsedDocument> {
    if (closed) return tooMuch;
    clearTimeout(idle);
    worker ??= startWorker();
    const reply = await replyOf(worker, text, timeoutMs);
    if (reply.kind === 'lost') {
      await endWorker();
      return tooMuch;
    }
    idle = setTimeout(() => void endWorker(), WORKER_IDLE_MS).unref();
    return reply.kind === 'value' ? withPositions(reply) : reply;
  }

  async function endWorker(): Promise<void> {
    const ended = worker;
    worker = undefined;
    await ended?.terminate();
  }

  return {
    parse(text) {
      if (text.length <= MAX_INLINE_LENGTH) return Promise.resolve(parseDocument(text));
      const parsed = last.then(() => parseInWorker(text));
      last = parsed;
      return parsed;
    },
    async close() {
      closed = true;
      clearTimeout(idle);
      await endWorker();
    },
  };
}

const tooMuch: ParsedDocument = {
  kind: 'failed',
  problems: [
    {
      code: 'TG0005',
      offset: 0,
      message: 'Parsing the document takes too much time or memory.',
      remedy: 'Split the document.',
    },
  ],
};

function startWorker(): Worker {
  const worker = new Worker(workerFile, { resourceLimits: { maxOldGenerationSizeMb: MAX_WORKER_MEMORY_MB } });
  // Between two documents nobody else listens, and an error without a listener would end the process.
  return worker.on('error', () => undefined);
}

type Reply = ParseReply | { readonly kind: 'lost' };

/** `lost` where the worker runs out of time or memory, or is ended. */
function replyOf(worker: Worker, text: string, timeoutMs: number): Promise<Reply> {
  return new Promise((resolve) => {
    const finish = (reply: Reply): void => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onLost).off('exit', onLost);
      resolve(reply);
    };
    const onMessage = (reply: ParseReply): void => finish(reply);
    const onLost = (): void => finish({ kind: 'lost' });
    const timer = setTimeout(onLost, timeoutMs);
    worker.once('message', onMessage).once('error', onLost).once('exit', onLost);
    worker.postMessage(text);
  });
}

function withPositions({ value, offsets }: Extract<ParseReply, { kind: 'value' }>): ParsedDocument {
  return {
    kind: 'value',
    value,
    offsetOf(path: FieldPath) {
      for (let length = path.length; length > 0; length--) {
        const offset = offsets.get(JSON.stringify(path.slice(0, length)));
        if (offset !== undefined) return offset;
      }
      return offsets.get('[]') ?? 0;
    },
  };
}
