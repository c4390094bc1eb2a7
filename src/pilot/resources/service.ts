// Kubernetes Service: the destination of routes, and in front of the gateway the owner of node ports.

export interface ServicePort {
  /** '' where a single port has no name. */
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly appProtocol: string | undefined;
  /** Number, or the name of a container port. */
  readonly targetPort: number | string;
  readonly nodePort: number | undefined;
}

export interface ServiceSpec {
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  /** 'None' for a headless Service; undefined where not set. */
  readonly clusterIP: string | undefined;
  readonly externalName: string | undefined;
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  readonly publishNotReadyAddresses: boolean;
  readonly trafficDistribution: 'PreferClose' | 'PreferSameZone' | 'PreferSameNode' | undefined;
}
