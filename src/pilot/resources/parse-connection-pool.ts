// The connectionPool and retryBudget of a traffic policy: unknown -> ConnectionPool, RetryBudget. A limit of 0 is none, as in Istio.
import type { ConnectionPool, RetryBudget, TcpKeepalive } from './destination-rule.ts';
import {
  http2KeepAliveFields,
  httpSettingsFields,
  tcpKeepaliveFields,
  tcpSettingsFields,
} from './destination-rule-fields.ts';
import {
  booleanField,
  durationField,
  durationOrZeroField,
  enumField,
  integerField,
  messageField,
  numberField,
} from './fields.ts';
import type { Message } from './message.ts';

const int32 = 2 ** 31 - 1;
const uint32 = 2 ** 32 - 1;
const upgradePolicies = ['DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE'] as const;

const limitField = (message: Message, name: string): number | undefined =>
  integerField(message, name, 0, int32) || undefined;

type TcpSettings = Pick<
  ConnectionPool,
  'maxConnections' | 'connectTimeoutMs' | 'tcpKeepalive' | 'maxConnectionDurationMs' | 'tcpIdleTimeoutMs'
>;
type HttpSettings = Omit<ConnectionPool, keyof TcpSettings>;

const noTcpSettings: TcpSettings = {
  maxConnections: undefined,
  connectTimeoutMs: undefined,
  tcpKeepalive: undefined,
  maxConnectionDurationMs: undefined,
  tcpIdleTimeoutMs: undefined,
};
const noHttpSettings: HttpSettings = {
  maxPendingRequests: undefined,
  maxRequests: undefined,
  maxRequestsPerConnection: undefined,
  maxRetries: undefined,
  httpIdleTimeoutMs: undefined,
  h2UpgradePolicy: 'DEFAULT',
  useClientProtocol: false,
  maxConcurrentStreams: undefined,
  http2KeepAlive: undefined,
};

export function parseConnectionPool(message: Message): ConnectionPool {
  return {
    ...(messageField(message, 'tcp', tcpSettingsFields, parseTcp) ?? noTcpSettings),
    ...(messageField(message, 'http', httpSettingsFields, parseHttp) ?? noHttpSettings),
  };
}

const parseTcp = (message: Message): TcpSettings => ({
  maxConnections: limitField(message, 'maxConnections'),
  connectTimeoutMs: durationField(message, 'connectTimeout'),
  tcpKeepalive: messageField(message, 'tcpKeepalive', tcpKeepaliveFields, parseTcpKeepalive),
  maxConnectionDurationMs: durationField(message, 'maxConnectionDuration'),
  tcpIdleTimeoutMs: durationOrZeroField(message, 'idleTimeout'),
});

export const parseTcpKeepalive = (message: Message): TcpKeepalive => ({
  probes: integerField(message, 'probes', 0, uint32) || undefined,
  timeMs: durationField(message, 'time'),
  intervalMs: durationField(message, 'interval'),
});

const parseHttp = (message: Message): HttpSettings => ({
  maxPendingRequests: limitField(message, 'http1MaxPendingRequests'),
  maxRequests: limitField(message, 'http2MaxRequests'),
  maxRequestsPerConnection: limitField(message, 'maxRequestsPerConnection'),
  maxRetries: limitField(message, 'maxRetries'),
  httpIdleTimeoutMs: durationField(message, 'idleTimeout'),
  h2UpgradePolicy: enumField(message, 'h2UpgradePolicy', upgradePolicies) ?? 'DEFAULT',
  useClientProtocol: booleanField(message, 'useClientProtocol') ?? false,
  maxConcurrentStreams: limitField(message, 'maxConcurrentStreams'),
  http2KeepAlive: messageField(message, 'http2KeepAlive', http2KeepAliveFields, (field) => ({
    intervalMs: durationField(field, 'interval'),
    timeoutMs: durationField(field, 'timeout'),
  })),
});

export const parseRetryBudget = (message: Message): RetryBudget => ({
  percent: numberField(message, 'percent', 0, 100),
  minRetryConcurrency: integerField(message, 'minRetryConcurrency', 0, uint32),
  budgetIntervalMs: durationField(message, 'budgetInterval'),
});
