// Where a proxy gets each dependent resource: from pilot over the same ADS stream, or from its own gateway.
import { create } from '@bufbuild/protobuf';
import { type Duration, DurationSchema } from '@bufbuild/protobuf/wkt';
import {
  ApiConfigSource_ApiType,
  ApiVersion,
  type ConfigSource,
  ConfigSourceSchema,
} from '../../xds/generated/envoy/config/core/v3/config_source_pb.ts';
import { fileSecretCluster } from '../../xds/resource-names.ts';

export function seconds(value: number): Duration {
  return create(DurationSchema, { seconds: BigInt(value) });
}

export function duration(milliseconds: number): Duration {
  return create(DurationSchema, {
    seconds: BigInt(Math.floor(milliseconds / 1000)),
    nanos: (milliseconds % 1000) * 1_000_000,
  });
}

/** ADS, waiting as long as it takes: pilot always answers for routes and endpoints. */
export function adsSource(): ConfigSource {
  return create(ConfigSourceSchema, {
    configSourceSpecifier: { case: 'ads', value: {} },
    initialFetchTimeout: seconds(0),
    resourceApiVersion: ApiVersion.V3,
  });
}

/**
 * A secret that nobody has must not hold the port of all others for long (Envoy would wait 15 s). A chain whose secret
 * is late closes its connections until it comes; the others serve.
 */
const secretPatience = 5;

export function adsSecretSource(): ConfigSource {
  return create(ConfigSourceSchema, {
    configSourceSpecifier: { case: 'ads', value: {} },
    initialFetchTimeout: seconds(secretPatience),
    resourceApiVersion: ApiVersion.V3,
  });
}

/**
 * Certificates from mounted files: the gateway that mounts them serves them, pilot never sees them. Delta where Istio has
 * SotW: only delta can say that a secret does not exist, and Envoy then opens its ports at once instead of waiting.
 */
export function fileSecretSource(): ConfigSource {
  return create(ConfigSourceSchema, {
    configSourceSpecifier: {
      case: 'apiConfigSource',
      value: {
        apiType: ApiConfigSource_ApiType.DELTA_GRPC,
        transportApiVersion: ApiVersion.V3,
        grpcServices: [{ targetSpecifier: { case: 'envoyGrpc', value: { clusterName: fileSecretCluster } } }],
        setNodeOnFirstMessageOnly: true,
      },
    },
    initialFetchTimeout: seconds(secretPatience),
    resourceApiVersion: ApiVersion.V3,
  });
}
