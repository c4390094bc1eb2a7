// EndpointSlice and Endpoints: the addresses behind a Service.

export interface EndpointPort {
  /** Matches the Service port's name; '' where it has none. */
  readonly name: string;
  /** Undefined means all ports (EndpointSlice only). */
  readonly port: number | undefined;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly appProtocol: string | undefined;
}

export interface SliceEndpoint {
  readonly addresses: readonly string[];
  /** Unset counts as ready (EndpointSlice API). */
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly zone: string | undefined;
  readonly nodeName: string | undefined;
  readonly targetRef: { readonly kind: string; readonly namespace: string; readonly name: string } | undefined;
}

export interface EndpointSliceSpec {
  /** Label kubernetes.io/service-name. */
  readonly serviceName: string | undefined;
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN';
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly SliceEndpoint[];
}

export interface EndpointsSubset {
  readonly addresses: readonly EndpointsAddress[];
  readonly notReadyAddresses: readonly EndpointsAddress[];
  readonly ports: readonly EndpointPort[];
}

export interface EndpointsAddress {
  readonly ip: string;
  readonly nodeName: string | undefined;
  readonly targetRef: { readonly kind: string; readonly namespace: string; readonly name: string } | undefined;
}

/** The Service is the one of the same name and namespace. */
export interface EndpointsSpec {
  readonly subsets: readonly EndpointsSubset[];
}
