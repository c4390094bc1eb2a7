// Istio's Telemetry, as far as it is about access logs.

export interface TelemetrySpec {
  /** Labels of the gateways that it is for; empty is every one of its namespace, or of all in the root namespace. */
  readonly selector: Readonly<Record<string, string>>;
  /** It is for objects of the Gateway API. */
  readonly isForOthers: boolean;
  readonly accessLogging: readonly TelemetryLogging[];
}

export interface TelemetryLogging {
  /** Names of mesh extension providers; empty is the mesh's default ones. */
  readonly providers: readonly string[];
  readonly disabled: boolean;
  /** In CEL; undefined logs everything. */
  readonly expression: string | undefined;
  /** Whether it is for what a gateway does: requests that it sends as a client of endpoints. */
  readonly isForClients: boolean;
  /** Position in `accessLogging`. */
  readonly index: number;
}
