// Why a handshake with a host failed, as statistics call it.
export type TlsFailure = 'connection_error' | 'fail_verify_error' | 'fail_verify_san';
