// One document of a file and the objects in it; both keep their identity while the document's text stays the same.
import type { Diagnostic, Location } from '../../../lib/diagnostic.ts';
import { parseObject, type UnknownKind } from '../../resources/parse-object.ts';
import type { FieldPath, Origin, Resource } from '../../resources/resource.ts';
import { unpackList } from '../../resources/unpack-list.ts';
import { createDocumentPositions, type DocumentPositions } from './document-positions.ts';
import { MAX_INLINE_LENGTH } from './limits.ts';
import type { ParsedDocument } from './parse-document.ts';

/** Where a document is now. It moves when others before it grow or go, and the origins of its objects follow. */
export interface Place {
  /** Of the document's first character, from 1. */
  line: number;
  /** Number of its first object in the file. */
  index: number;
}

export interface LocatedKind extends UnknownKind {
  readonly location: Location;
}

export interface FileDocument {
  readonly text: string;
  readonly place: Place;
  readonly resources: readonly Resource[];
  /** Of the document, and of objects that cannot be used. */
  readonly diagnostics: readonly Diagnostic[];
  readonly unknownKinds: readonly LocatedKind[];
  /** Number of objects in it, used or not. */
  readonly size: number;
  /** Not parsed: what it should say is unknown. */
  readonly failed: boolean;
}

export function parseFileDocument(file: string, text: string, line: number, parsed: ParsedDocument): FileDocument {
  const place: Place = { line, index: 0 };
  const positions = createDocumentPositions(text, parsed, text.length > MAX_INLINE_LENGTH);
  const nothing = { text, place, resources: [], diagnostics: [], unknownKinds: [], size: 0, failed: false };
  if (parsed.kind === 'failed') {
    const diagnostics = parsed.problems.map(({ offset, ...problem }): Diagnostic => {
      const position = positions.positionAt(offset);
      return { severity: 'error', ...problem, file, line: line + position.line - 1, column: position.column };
    });
    return { ...nothing, diagnostics, failed: true };
  }
  if (parsed.value === null || parsed.value === undefined) return nothing;

  const resources: Resource[] = [];
  const diagnostics: Diagnostic[] = [];
  const unknownKinds: LocatedKind[] = [];
  const items = unpackList(parsed.value);
  items.forEach(({ value, path }, item) => {
    const origin = createOrigin(file, place, item, path, positions);
    const object = parseObject(value, origin);
    if (object.resource) resources.push(object.resource);
    else diagnostics.push(...object.diagnostics);
    if (object.unknownKind)
      unknownKinds.push({ ...object.unknownKind, location: locationIn(file, place, positions, path) });
  });
  return { ...nothing, resources, diagnostics, unknownKinds, size: items.length };
}

function createOrigin(
  file: string,
  place: Place,
  item: number,
  prefix: FieldPath,
  positions: DocumentPositions,
): Origin {
  return {
    source: file,
    get index() {
      return place.index + item;
    },
    locate: (path) => locationIn(file, place, positions, [...prefix, ...path]),
  };
}

function locationIn(file: string, place: Place, positions: DocumentPositions, path: FieldPath): Location {
  const { line, column } = positions.positionOf(path);
  return { file, line: place.line + line - 1, column };
}

/** The document at its new place. Objects with Diagnostics become new ones, since the lines in those change. */
export function moveFileDocument(document: FileDocument, place: Place): FileDocument {
  const by = place.line - document.place.line;
  document.place.line = place.line;
  document.place.index = place.index;
  if (by === 0) return document;
  const move = <T extends Diagnostic | Location>(at: T): T =>
    at.line === undefined ? at : { ...at, line: at.line + by };
  return {
    ...document,
    resources: document.resources.map((resource) =>
      resource.diagnostics.length === 0 ? resource : { ...resource, diagnostics: resource.diagnostics.map(move) },
    ),
    diagnostics: document.diagnostics.map(move),
    unknownKinds: document.unknownKinds.map((kind) => ({ ...kind, location: move(kind.location) })),
  };
}
