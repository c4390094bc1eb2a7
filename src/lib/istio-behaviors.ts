// Where Tidegate differs from Istio on purpose and people may rely on Istio's way: names for `--like-istio`.

/** What each means stands in docs/differences.md. */
export const istioBehaviors = ['misdirected-request', 'duplicate-host', 'delegate', 'ingress-secret'] as const;

export type IstioBehavior = (typeof istioBehaviors)[number];
