// Whether all hosts of a route table travel as one resource, or each as one of its own: chosen on the command line, obeyed by translate.

export const routeModeKinds = ['shared', 'scoped', 'auto'] as const;
export type RouteModeKind = (typeof routeModeKinds)[number];

export interface RouteMode {
  /** `auto`: tables with many hosts are scoped. */
  readonly kind: RouteModeKind;
  /** Hosts of a table, for `auto`. Shared again at half of them, so that nobody goes to and fro. */
  readonly scopedAbove: number;
}

export const defaultScopedAbove = 200;

export const sharedRoutes: RouteMode = { kind: 'shared', scopedAbove: defaultScopedAbove };
