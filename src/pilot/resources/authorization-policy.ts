// Istio's AuthorizationPolicy: who may send what. Every condition is one attribute, with values that it may and may not have.

export interface AuthorizationPolicySpec {
  readonly action: 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM';
  /** Who decides, where the action is CUSTOM: an extension provider of the mesh settings; '' where none is named. */
  readonly provider: string;
  /** Labels of the gateways that it is for; empty is every one. */
  readonly selector: Readonly<Record<string, string>>;
  /** It is for something else than a gateway's pods. */
  readonly isForOthers: boolean;
  readonly rules: readonly AuthorizationRule[];
}

/** One of `from`, one of `to` and all of `when` have to hold; an empty list holds always. */
export interface AuthorizationRule {
  readonly from: readonly (readonly AttributeMatch[])[];
  readonly to: readonly (readonly AttributeMatch[])[];
  readonly when: readonly AttributeMatch[];
  /** A part of it cannot be read: what it allows nobody knows, so that it allows nothing. */
  readonly isBroken: boolean;
  /** Position in `rules`. */
  readonly index: number;
}

export interface AttributeMatch {
  /** Istio's name: `source.ip`, `request.headers[x-user]`. */
  readonly attribute: string;
  /** Empty: any. */
  readonly values: readonly string[];
  readonly notValues: readonly string[];
}
