// Secret: certificates and keys. Values are bytes after base64; they never leave the process except over SDS.

export interface SecretData {
  readonly type: string;
  readonly data: ReadonlyMap<string, Uint8Array>;
}
