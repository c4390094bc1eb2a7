// The stream of a request whose answers are compressed, where the client takes them so: Envoy's compressor filter.
import type { Transform } from 'node:stream';
import { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib';
import type { Compression, ContentCoding } from '../config/engine-config.ts';
import type { DownstreamStream } from '../http/downstream-stream.ts';
import { getHeader, type HeaderList, setHeader, withoutHeaders } from '../http/header-list.ts';
import { chooseCoding } from './choose-coding.ts';

/** What comes goes on at once: an answer may be a stream of events. */
const encoders: Readonly<Record<ContentCoding, () => Transform>> = {
  gzip: () => createGzip({ flush: constants.Z_SYNC_FLUSH }),
  // The best quality, Node's default, is for files that are compressed once.
  br: () =>
    createBrotliCompress({
      flush: constants.BROTLI_OPERATION_FLUSH,
      params: { [constants.BROTLI_PARAM_QUALITY]: 3 },
    }),
  zstd: () => createZstdCompress({ flush: constants.ZSTD_e_flush }),
};

/** `onSent`: how many bytes more (or less) go out than were given. */
export function compressAnswers(
  stream: DownstreamStream,
  compression: Compression,
  onSent: (difference: number) => void,
): DownstreamStream {
  let encoder: Transform | undefined;
  let isBlocked = false;
  let tellDrain = (): void => {};

  const start = (coding: ContentCoding): Transform => {
    const made = encoders[coding]();
    made.on('data', (chunk: Buffer) => {
      onSent(chunk.length);
      if (!stream.write(chunk)) made.pause();
    });
    made.on('drain', () => {
      isBlocked = false;
      tellDrain();
    });
    // It fails only when it is destroyed.
    made.on('error', () => {});
    return made;
  };

  return {
    ...stream,
    get requestComplete() {
      return stream.requestComplete;
    },
    listen: (events) => {
      tellDrain = events.onDrain;
      stream.listen({
        ...events,
        onDrain: () => {
          encoder?.resume();
          if (!isBlocked) events.onDrain();
        },
        onClose: (complete) => {
          encoder?.destroy();
          events.onClose(complete);
        },
      });
    },
    respond: (status, headers, endStream, headerCase) => {
      if (!isCompressible(status, headers, compression)) {
        stream.respond(status, headers, endStream, headerCase);
        return;
      }
      const coding = endStream
        ? undefined
        : chooseCoding(getHeader(stream.head.headers, 'accept-encoding'), compression.codings);
      if (coding !== undefined) encoder = start(coding);
      stream.respond(status, coding === undefined ? varied(headers) : coded(headers, coding), endStream, headerCase);
    },
    write: (chunk) => {
      if (encoder === undefined) return stream.write(chunk);
      onSent(-chunk.length);
      isBlocked = !encoder.write(chunk);
      return !isBlocked;
    },
    end: (trailers) => {
      if (encoder === undefined) {
        stream.end(trailers);
        return;
      }
      encoder.once('end', () => stream.end(trailers));
      encoder.end();
    },
    reset: () => {
      encoder?.destroy();
      stream.reset();
    },
  };
}

const upgraded = 101;

function isCompressible(status: number, headers: HeaderList, { contentTypes, minContentLength }: Compression): boolean {
  const length = getHeader(headers, 'content-length');
  if (length !== undefined && Number(length) < minContentLength) return false;
  const type = getHeader(headers, 'content-type');
  if (type !== undefined && !contentTypes.has((type.split(';', 1)[0] ?? '').trim().toLowerCase())) return false;
  return (
    status !== upgraded &&
    getHeader(headers, 'content-encoding') === undefined &&
    !(getHeader(headers, 'cache-control') ?? '').toLowerCase().includes('no-transform')
  );
}

/** Caches are told that another client may get another answer. */
function varied(headers: HeaderList): HeaderList {
  const changed = [...headers];
  const vary = getHeader(headers, 'vary');
  if (vary === undefined) setHeader(changed, 'vary', 'Accept-Encoding');
  else if (!vary.includes('Accept-Encoding')) setHeader(changed, 'vary', `${vary}, Accept-Encoding`);
  return changed;
}

const ofOtherBytes = new Set(['content-length']);

/** A strong entity tag is of the bytes as they were. */
function coded(headers: HeaderList, coding: ContentCoding): HeaderList {
  const etag = getHeader(headers, 'etag');
  const isStrong = etag !== undefined && !/^w\//i.test(etag);
  const changed = withoutHeaders(headers, isStrong ? new Set([...ofOtherBytes, 'etag']) : ofOtherBytes);
  setHeader(changed, 'content-encoding', coding);
  return varied(changed);
}
