// What of a statistic's name is the name, and what is a tag: done as Envoy does it, from the same patterns.
import { type StatTag, statTags } from '../../statistics/stat-tags.ts';

export interface TaggedName {
  readonly name: string;
  readonly tags: readonly (readonly [name: string, value: string])[];
}

interface Extractor {
  readonly name: string;
  readonly regex: RegExp;
  readonly contains: string;
}

/** `[:digit:]` within a class is the only thing that JavaScript says otherwise. */
const compile = ({ name, pattern, contains = '' }: StatTag): Extractor => ({
  name,
  contains,
  regex: new RegExp(pattern.replaceAll('[:digit:]', '\\d'), 'd'),
});

/** Those that begin with one word and a dot come after the others, as in Envoy: it looks them up by that word. */
const hasFirstWord = ({ pattern }: StatTag): boolean => /^\^\w+(?:\\\.|\(\?=\\\.\))/.test(pattern);
const extractors = [...statTags.filter((tag) => !hasFirstWord(tag)), ...statTags.filter(hasFirstWord)].map(compile);

/** Patterns see the name as it was; what they take is cut out of it in the end. */
export function extractTags(full: string): TaggedName {
  const tags: (readonly [string, string])[] = [];
  const cuts: (readonly [number, number])[] = [];
  for (const { name, regex, contains } of extractors) {
    if (!full.includes(contains)) continue;
    const indices = regex.exec(full)?.indices;
    const found = indices?.slice(1).filter((one) => one !== undefined) ?? [];
    const [cut, value = cut] = found;
    if (cut === undefined || value === undefined) continue;
    tags.push([name, full.slice(value[0], value[1])]);
    cuts.push(cut);
  }
  let rest = '';
  let at = 0;
  for (const [start, end] of cuts.sort(([a], [b]) => a - b)) {
    rest += full.slice(at, Math.max(at, start));
    at = Math.max(at, end);
  }
  // A dot at the end parts nothing any more.
  return { name: (rest + full.slice(at)).replace(/\.$/, ''), tags };
}
