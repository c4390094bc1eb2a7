// One gRPC stream: bytes in, events to the state, responses out; nothing that a client sends gets further than its own stream.
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Logger } from '../../lib/logger.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import { type ProxyNode, parseNode } from '../node.ts';
import { isTypeUrl, type TypeUrl } from '../type-urls.ts';
import { type RequestNotice, requestedNames } from './apply-request.ts';
import { encodeResponse } from './encode-response.ts';
import { applyEvent, type StreamEvent } from './stream-events.ts';
import { type ParsedRequest, parseRequest } from './stream-request.ts';
import { createStreamState, type StreamState, type XdsStreamProtocol } from './stream-state.ts';
import { readTypeStatuses } from './type-status.ts';
import type { ConnectedProxy, XdsServerObserver } from './xds-server.ts';

/** A stream that does not say who it is in this time is ended. */
const firstRequestTimeoutMs = 10_000;
/** Names one stream may subscribe to, over all its types. */
const maxNames = 250_000;

export type RawCall = ServerDuplexStream<Buffer, Buffer>;

export interface StreamContext {
  readonly protocol: XdsStreamProtocol;
  readonly served: readonly TypeUrl[];
  readonly streamId: number;
  /** Throws if there is none for this node. */
  openCache(node: ProxyNode): ResourceCache;
  closeCache(node: ProxyNode, cache: ResourceCache): void;
  onSubscribe(node: ProxyNode, typeUrl: TypeUrl, names: readonly string[]): void;
  readonly observer: XdsServerObserver;
  readonly logger: Logger;
  reportUnknownType(typeUrl: string, node: ProxyNode): void;
  /** The stream has ended. */
  closed(stream: XdsStream): void;
}

export interface XdsStream {
  /** Undefined until the first request. */
  readonly proxy: ConnectedProxy | undefined;
  resync(): void;
  /** Ends the stream; the client is told to come again. */
  end(): void;
}

interface Session {
  readonly node: ProxyNode;
  readonly cache: ResourceCache;
  readonly state: StreamState;
  readonly proxy: ConnectedProxy;
  readonly unsubscribe: () => void;
}

export function serveStream(call: RawCall, context: StreamContext): XdsStream {
  const { logger, observer, protocol } = context;
  let session: Session | undefined;
  let isOver = false;
  let isBlocked = false;
  let wakeTimer: NodeJS.Timeout | undefined;
  const firstRequestTimer = setTimeout(
    () => fail(status.DEADLINE_EXCEEDED, 'no request came'),
    firstRequestTimeoutMs,
  ).unref();

  const cleanUp = (): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(firstRequestTimer);
    clearTimeout(wakeTimer);
    context.closed(stream);
    if (!session) return;
    session.unsubscribe();
    context.closeCache(session.node, session.cache);
    for (const { typeUrl, names } of session.state.types.values()) {
      if (names.size > 0) observer.unsubscribed?.(session.node, typeUrl, [...names]);
    }
    observer.disconnected?.(session.proxy);
  };
  const fail = (code: status, details: string): void => {
    if (isOver) return;
    cleanUp();
    call.emit('error', { code, details });
  };
  /** A mistake of ours costs this stream, not the process and not the other streams. */
  const guard = (action: () => void): void => {
    if (isOver) return;
    try {
      action();
    } catch (thrown) {
      logger.error({ err: thrown, proxy: session?.node.id }, 'xDS stream failed');
      fail(status.INTERNAL, 'internal error of the xDS server');
    }
  };

  const act = ({ node, state, proxy }: Session, event: StreamEvent): void => {
    const now = Date.now();
    const outcome = applyEvent(state, event, now, !isBlocked);
    for (const response of outcome.responses) if (!call.write(encodeResponse(protocol, response))) isBlocked = true;
    clearTimeout(wakeTimer);
    if (outcome.wakeAt !== undefined) {
      const delay = Math.max(1, outcome.wakeAt - now);
      wakeTimer = setTimeout(() => guard(() => session && act(session, { kind: 'wake' })), delay).unref();
    }
    if (outcome.notice) report(outcome.notice, node, proxy);
  };
  const report = (notice: RequestNotice, node: ProxyNode, proxy: ConnectedProxy): void => {
    if (notice.kind === 'unknown-type') context.reportUnknownType(notice.typeUrl, node);
    else if (notice.kind === 'acknowledged') observer.acknowledged?.(proxy, notice.typeUrl);
    else {
      const { typeUrl, error, names } = notice;
      logger.warn({ proxy: node.id, typeUrl, names: names.slice(0, 20), error }, 'proxy rejected an update');
      observer.rejected?.({ node, typeUrl, error, names });
    }
  };

  const open = (node: ProxyNode): Session => {
    const cache = context.openCache(node);
    const connectedAt = Date.now();
    const { served, streamId } = context;
    const state = createStreamState({ protocol, connectedAt, streamId, served, available: cache.current });
    const proxy: ConnectedProxy = {
      node,
      connectedAt,
      protocol,
      get types() {
        return readTypeStatuses(state, Date.now());
      },
    };
    const unsubscribe = cache.subscribe((diff) =>
      guard(() => session && act(session, { kind: 'changed', available: cache.current, diff })),
    );
    return { node, cache, state, proxy, unsubscribe };
  };
  const identify = (parsed: ParsedRequest): Session | undefined => {
    clearTimeout(firstRequestTimer);
    if (!parsed.node?.id) {
      fail(status.INVALID_ARGUMENT, 'the first request of a stream must carry a node with an id');
      return undefined;
    }
    session = open(parseNode(parsed.node));
    observer.connected?.(session.proxy);
    return session;
  };

  const receive = (bytes: Buffer): void => {
    let parsed: ParsedRequest;
    try {
      parsed = parseRequest(protocol, bytes);
    } catch {
      fail(status.INVALID_ARGUMENT, 'the request cannot be parsed');
      return;
    }
    const current = session ?? identify(parsed);
    if (!current) return;
    const { request } = parsed;
    const { typeUrl } = request;
    const type = isTypeUrl(typeUrl) ? current.state.types.get(typeUrl) : undefined;
    if (type) {
      const names = requestedNames(current.state, request);
      if (names.length > 0) context.onSubscribe(current.node, type.typeUrl, names);
    }
    const before = type && observer.unsubscribed ? [...type.names] : [];
    act(current, { kind: 'request', request });
    const gone = before.filter((name) => !type?.names.has(name));
    if (type && gone.length > 0) observer.unsubscribed?.(current.node, type.typeUrl, gone);
    let count = 0;
    for (const type of current.state.types.values()) count += type.names.size;
    if (count > maxNames) fail(status.RESOURCE_EXHAUSTED, `more than ${maxNames} names subscribed`);
  };

  call.on('data', (bytes: Buffer) => guard(() => receive(bytes)));
  call.on('drain', () => {
    isBlocked = false;
    guard(() => session && act(session, { kind: 'wake' }));
  });
  call.on('cancelled', cleanUp);
  call.on('close', cleanUp);
  call.on('error', cleanUp);
  call.on('end', () => {
    cleanUp();
    call.end();
  });

  const stream: XdsStream = {
    get proxy() {
      return session?.proxy;
    },
    resync: () => guard(() => session && act(session, { kind: 'resync' })),
    end: () => fail(status.UNAVAILABLE, 'the xDS server is stopping'),
  };
  return stream;
}
