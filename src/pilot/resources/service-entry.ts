// Istio's ServiceEntry and WorkloadEntry: destinations that are no Services of Kubernetes, and machines that are no Pods.

export type Resolution = 'NONE' | 'STATIC' | 'DNS' | 'DNS_ROUND_ROBIN' | 'DYNAMIC_DNS';

export interface ServiceEntrySpec {
  /** In lower case, each once; `*.` in front of a wildcard. */
  readonly hosts: readonly string[];
  readonly ports: readonly ServiceEntryPort[];
  readonly location: 'MESH_EXTERNAL' | 'MESH_INTERNAL';
  readonly resolution: Resolution;
  readonly endpoints: readonly WorkloadEntrySpec[];
  /** Of the WorkloadEntries and Pods of its namespace that are its endpoints. */
  readonly workloadSelector: Readonly<Record<string, string>> | undefined;
  readonly exportTo: readonly string[];
  /** That endpoints have to have in their certificates. */
  readonly subjectAltNames: readonly string[];
}

export interface ServiceEntryPort {
  readonly number: number;
  /** As written: HTTP, HTTP2, GRPC, HTTPS, TCP, TLS, MONGO, … */
  readonly protocol: string;
  readonly name: string;
  readonly targetPort: number | undefined;
}

export interface WorkloadEntrySpec {
  /** An IP address, or a host name where names are resolved; undefined: none. */
  readonly address: string | undefined;
  /** By the port's name. */
  readonly ports: Readonly<Record<string, number>>;
  readonly labels: Readonly<Record<string, string>>;
  /** `region/zone/subzone`. */
  readonly locality: string | undefined;
  readonly network: string | undefined;
  readonly weight: number | undefined;
}
