// ConfigMap: of interest is `istio` in the root namespace, whose key `mesh` holds the mesh settings as YAML.

export interface ConfigMapData {
  readonly data: Readonly<Record<string, string>>;
}
