// Whether what something was made of is the same objects as before: then it need not be made again.

export const sameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);
