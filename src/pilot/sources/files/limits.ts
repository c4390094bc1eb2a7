// The limits of the file source: what is larger is a Diagnostic, and the last good content stays in force.

/** One file. */
export const MAX_FILE_BYTES = 32 * 1024 * 1024;
/** One YAML document in characters: ten times a VirtualService with 5,000 routes. */
export const MAX_DOCUMENT_LENGTH = 8 * 1024 * 1024;
export const MAX_DOCUMENTS_PER_FILE = 20_000;
/** Pieces a file is cut into: a document, the line before it, and an empty one. */
export const MAX_PIECES_PER_FILE = 3 * MAX_DOCUMENTS_PER_FILE;
/** Manifest files under all paths together. */
export const MAX_FILES = 50_000;
/** Levels of folders below a path. */
export const MAX_FOLDER_DEPTH = 16;
/** Levels of maps and lists in a document; a Kubernetes object needs about 20. */
export const MAX_NESTING = 100;
/** Values in a document; a List of 10,000 VirtualServices has about 300,000. */
export const MAX_VALUES = 500_000;
/** Values that come from aliases and merge keys. */
export const MAX_ALIASED_VALUES = 100_000;
/** Problems listed for one file; the rest is counted. A file with as many broken documents is not parsed further. */
export const MAX_PROBLEMS_PER_FILE = 20;
/** Objects of one file that are listed as unusable; the rest is counted. */
export const MAX_UNUSABLE_PER_FILE = 100;
/** Longer documents are parsed in a worker thread, so that this one keeps serving. */
export const MAX_INLINE_LENGTH = 16 * 1024;
/** A worker without work is ended after this, since its memory is large. */
export const WORKER_IDLE_MS = 5_000;
/** A document that takes the worker longer is given up. */
export const PARSE_TIMEOUT_MS = 20_000;
/** Positions kept for a document that was parsed in the worker; beyond them the nearest ancestor answers. */
export const MAX_POSITIONS = 100_000;

/** Folders watched by the operating system; changes in others are found by polling. */
export const MAX_WATCHED_FOLDERS = 1_000;
/** Passes over changed files start at most this often; the first change after a pause is read at once. */
export const MIN_PASS_INTERVAL_MS = 20;
/** How long a file must look cut off, or be gone, before that is believed: writers truncate first, editors move away first. */
export const SETTLE_MS = 200;
/** Files read at the same time. */
export const READ_CONCURRENCY = 16;
/** How long parsing goes on before other work gets its turn. */
export const PARSE_SLICE_MS = 8;
/** Files with more new text than this are read beside the others, whose changes do not wait for them. */
export const SLOW_LENGTH = 128 * 1024;
/** How long the first snapshot waits for such files. */
export const FIRST_SNAPSHOT_PATIENCE_MS = 30_000;
