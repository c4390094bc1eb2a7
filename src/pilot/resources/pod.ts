// Pod: labels for selectors, an address, and named container ports for a Service without endpoints of its own.

export interface PodSpec {
  readonly podIP: string | undefined;
  readonly ready: boolean;
  readonly nodeName: string | undefined;
  readonly serviceAccountName: string | undefined;
  readonly containerPorts: readonly {
    readonly name: string;
    readonly containerPort: number;
    readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  }[];
}
