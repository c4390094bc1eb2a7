// The stages that reach out of the process, so that a test of the composition can give its own.
import { createFileSource } from '../pilot/sources/files/create-file-source.ts';
import { createDataPlane } from './create-data-plane.ts';

export interface Parts {
  readonly createSource: typeof createFileSource;
  readonly createDataPlane: typeof createDataPlane;
}

export const productionParts: Parts = { createSource: createFileSource, createDataPlane };
