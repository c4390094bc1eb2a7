// Kubernetes Ingress and IngressClass (networking.k8s.io/v1).

export interface IngressBackend {
  readonly service: string;
  /** Number or name. */
  readonly port: number | string;
}

export interface IngressPath {
  readonly index: number;
  readonly path: string;
  readonly pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific';
  /** Undefined: it cannot be used; requests for the path are answered with 500. */
  readonly backend: IngressBackend | undefined;
}

export interface IngressRule {
  readonly index: number;
  /** `*` where there is none; in lower case. */
  readonly host: string;
  readonly paths: readonly IngressPath[];
}

export interface IngressTls {
  readonly index: number;
  /** Empty: any. */
  readonly hosts: readonly string[];
  readonly secretName: string | undefined;
}

export interface IngressSpec {
  readonly ingressClassName: string | undefined;
  readonly hasDefaultBackend: boolean;
  readonly tls: readonly IngressTls[];
  readonly rules: readonly IngressRule[];
}

export interface IngressClassSpec {
  readonly controller: string | undefined;
}
