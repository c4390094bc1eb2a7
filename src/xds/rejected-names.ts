// Which resources a data plane's rejection text is about.

/** Part of a name rather than its end: so that `http.80` is not found in `http.8080`. */
const isNamePart = (character: string | undefined): boolean => character !== undefined && /[\w|~/*-]/.test(character);

function mentions(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    const after = text[at + name.length];
    const endsHere = !isNamePart(after) && !(after === '.' && isNamePart(text[at + name.length + 1]));
    const before = text[at - 1];
    if (endsHere && !isNamePart(before) && !(before === '.' && isNamePart(text[at - 2]))) return true;
  }
  return false;
}

/** The names that the text mentions whole, in their given order. None if it does not name any. */
export function findRejectedNames(text: string, names: readonly string[]): readonly string[] {
  return names.filter((name) => name !== '' && mentions(text, name));
}
