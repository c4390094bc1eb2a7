// One request of a client, whichever protocol carries it: what the connection manager and the filters see of the codecs.
import type { X509Certificate } from 'node:crypto';
import type { HeaderCase } from './header-case.ts';
import type { HeaderList } from './header-list.ts';

/** What is known of a client's connection once its filter chain is chosen. */
export interface DownstreamConnection {
  readonly id: number;
  /** `address:port` each; behind a proxy that says so the client's, and the address that the client meant. */
  readonly remoteAddress: string;
  /** Of the peer itself. */
  readonly directRemoteAddress: string;
  readonly localAddress: string;
  /** Without the port. */
  readonly remoteIp: string;
  readonly tls:
    | {
        readonly version: string;
        readonly cipher: string;
        /** Checked; undefined where the client showed none. */
        readonly peer?: X509Certificate | undefined;
        readonly own?: X509Certificate | undefined;
      }
    | undefined;
  readonly requestedServerName: string | undefined;
  readonly filterChainName: string | undefined;
}

export interface RequestHead {
  readonly method: string;
  /** The request target as sent; for HTTP/1.1 possibly in absolute form. */
  readonly target: string;
  /** :authority, or the Host headers joined with a comma; undefined if there is none. */
  readonly authority: string | undefined;
  /** :scheme; undefined for HTTP/1.1 in origin form. */
  readonly scheme: string | undefined;
  /** Without pseudo headers and host. */
  readonly headers: HeaderList;
  /** Names and values in turn, as they were written; HTTP/1.1 only. */
  readonly rawHeaders?: readonly string[];
}

export interface RequestBodyEvents {
  onData(chunk: Buffer): void;
  onEnd(trailers: HeaderList | undefined): void;
}

export interface DownstreamEvents {
  /** A `write` that returned false has been flushed. */
  onDrain(): void;
  /** What comes of the request cannot be read any further. */
  onProtocolError(): void;
  /** The stream is over: `complete` if the whole answer went out, else the client or the engine broke it off. Called once. */
  onClose(complete: boolean): void;
}

export interface DownstreamStream {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  /** HTTP/1.0 is refused by the connection manager. */
  readonly httpVersion: '1.0' | '1.1' | '2';
  readonly head: RequestHead;
  /** False: the request ended with its headers. */
  readonly hasBody: boolean;
  /** The whole request has arrived. */
  readonly requestComplete: boolean;
  listen(events: DownstreamEvents): void;
  /** Body events follow from now on; before, the codec holds the body back. */
  readBody(events: RequestBodyEvents): void;
  pauseBody(): void;
  resumeBody(): void;
  /** Interim answer 100. */
  sendContinue(): void;
  /** Headers of the answer, once; HTTP/1.1 writes names in the case given. `endStream`: there is no body. HTTP/1.1 closes afterwards if the headers say `connection: close`. */
  respond(status: number, headers: HeaderList, endStream: boolean, headerCase?: HeaderCase): void;
  /** False: wait for `onDrain`. */
  write(chunk: Buffer): boolean;
  end(trailers: HeaderList | undefined): void;
  /** Breaks off: closes an HTTP/1.1 connection, resets an HTTP/2 stream with INTERNAL_ERROR. */
  reset(): void;
}
