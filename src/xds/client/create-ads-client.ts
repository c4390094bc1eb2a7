// Keeps one ADS stream to a management server, and what came over it, through lost connections.
import { Client, type ClientDuplexStream, credentials, type StatusObject, status } from '@grpc/grpc-js';
import { silentLogger } from '../../lib/logger.ts';
import { isTypeUrl, pushOrder, type TypeUrl } from '../type-urls.ts';
import type { AdsClient, AdsClientOptions, AdsClientState, ReceivedUpdate } from './ads-client.ts';
import { type BackOff, createBackOff } from './back-off.ts';
import {
  accept,
  type ClientType,
  createClientType,
  encodeDeltaRequest,
  encodeSotwRequest,
  isHeldWanted,
  sotwUpdate,
  startStream,
} from './client-type.ts';
import { parseResponse, type ReceivedResponse } from './parse-response.ts';

const service = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const mebibyte = 1024 * 1024;
const identity = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Stream = ClientDuplexStream<Uint8Array, Buffer>;

const createChannel = (address: string): Client =>
  new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': 256 * mebibyte,
    'grpc.max_send_message_length': 64 * mebibyte,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // Back-off is ours; a pool shared between channels would add its own.
    'grpc.use_local_subchannel_pool': 1,
  });

export function createAdsClient(options: AdsClientOptions): AdsClient {
  const protocol = options.protocol ?? 'delta';
  const logger = options.logger ?? silentLogger;
  const types = new Map<TypeUrl, ClientType>(pushOrder.map((typeUrl) => [typeUrl, createClientType(typeUrl)]));
  const typeOf = (typeUrl: TypeUrl): ClientType => types.get(typeUrl) ?? createClientType(typeUrl);
  const backOff: BackOff = createBackOff(options.backOff ?? { initialMs: 100, maxMs: 10_000 });
  let state: AdsClientState = 'idle';
  let channel: Client | undefined;
  let stream: Stream | undefined;
  let hasSentNode = false;
  let retryTimer: NodeJS.Timeout | undefined;
  /** The verdict under way; a new stream's responses come after it. */
  let deciding: Promise<void> = Promise.resolve();

  const setState = (next: AdsClientState, reason?: string): void => {
    if (state === next || state === 'closed') return;
    state = next;
    options.onState?.(next, reason);
  };
  const isClosed = (): boolean => state === 'closed';

  const send = (bytes: Uint8Array): void => {
    hasSentNode = true;
    stream?.write(bytes);
  };
  const node = () => (hasSentNode ? undefined : options.node);

  const sendSubscription = (type: ClientType, subscribe: readonly string[], unsubscribe: readonly string[]): void => {
    // A first request that names nothing would ask for everything.
    if (!stream || (!type.hasRequested && type.names.size === 0)) return;
    if (protocol === 'delta') send(encodeDeltaRequest(type, node(), { subscribe, unsubscribe }));
    else if (!type.isDeciding) send(encodeSotwRequest(type, node()));
  };

  const decide = async (update: ReceivedUpdate): Promise<string | undefined> => {
    try {
      return await options.onUpdate(update);
    } catch (thrown) {
      logger.error({ err: thrown, typeUrl: update.typeUrl }, 'an xDS update could not be taken');
      return thrown instanceof Error ? thrown.message : String(thrown);
    }
  };

  const receive = async (from: Stream, type: ClientType, response: ReceivedResponse): Promise<void> => {
    type.isDeciding = true;
    const wanted = response.resources.filter((resource) => isHeldWanted(type, resource.name));
    const update =
      protocol === 'delta'
        ? { typeUrl: type.typeUrl, resources: wanted, removed: response.removed }
        : sotwUpdate(type, response);
    const error = await decide(update);
    if (error === undefined) accept(type, update);
    if (stream !== from) return;
    type.isDeciding = false;
    type.nonce = response.nonce;
    if (protocol === 'delta') {
      send(encodeDeltaRequest(type, undefined, { subscribe: [], unsubscribe: [] }, { nonce: response.nonce, error }));
      return;
    }
    if (error === undefined) type.acceptedVersion = response.version;
    send(encodeSotwRequest(type, undefined, error));
  };

  const onData = (from: Stream, bytes: Buffer): void => {
    let response: ReceivedResponse;
    try {
      response = parseResponse(protocol, bytes);
    } catch (thrown) {
      logger.warn({ err: thrown }, 'an xDS response cannot be parsed; starting a new stream');
      from.cancel();
      return;
    }
    backOff.reset();
    setState('connected');
    if (!isTypeUrl(response.typeUrl)) return;
    const type = typeOf(response.typeUrl);
    // One update at a time: the connection is read on when the consumer has decided.
    from.pause();
    deciding = deciding
      .then(() => (stream === from ? receive(from, type, response) : undefined))
      .then(() => void from.resume());
  };

  const connect = (): void => {
    setState('connecting');
    channel = createChannel(options.address);
    const method = protocol === 'delta' ? 'DeltaAggregatedResources' : 'StreamAggregatedResources';
    const opened: Stream = channel.makeBidiStreamRequest(`${service}/${method}`, identity, (bytes) => bytes);
    stream = opened;
    hasSentNode = false;
    opened.on('data', (bytes: Buffer) => onData(opened, bytes));
    // The status says it too; without a listener the error would end the process.
    opened.on('error', () => undefined);
    opened.on('status', (ended: StatusObject) => lose(opened, ended));
    for (const type of types.values()) {
      startStream(type);
      if (type.names.size > 0) sendSubscription(type, [], []);
    }
  };

  const lose = (lost: Stream, ended: StatusObject): void => {
    if (stream !== lost) return;
    stream = undefined;
    channel?.close();
    if (isClosed()) return;
    const delay = backOff.next();
    const reason = ended.code === status.OK ? 'the server ended the stream' : `${status[ended.code]}: ${ended.details}`;
    logger.warn({ address: options.address, reason, retryInMs: delay }, 'xDS stream lost');
    setState('waiting', reason);
    retryTimer = setTimeout(connect, delay);
  };

  return {
    get state() {
      return state;
    },
    start() {
      if (state === 'idle') connect();
    },
    subscribe(typeUrl, names, { again = false } = {}) {
      const type = typeOf(typeUrl);
      const news = [...new Set(names)].filter((name) => again || !type.names.has(name));
      for (const name of news) type.names.add(name);
      if (news.length > 0) sendSubscription(type, news, []);
    },
    unsubscribe(typeUrl, names) {
      const type = typeOf(typeUrl);
      const gone = [...new Set(names)].filter((name) => type.names.delete(name));
      for (const name of [...type.held.keys()]) if (!isHeldWanted(type, name)) type.held.delete(name);
      if (gone.length > 0) sendSubscription(type, [], gone);
    },
    held: (typeUrl) => typeOf(typeUrl).held,
    async close() {
      setState('closed');
      clearTimeout(retryTimer);
      stream?.cancel();
      stream = undefined;
      channel?.close();
      await deciding;
    },
  };
}
