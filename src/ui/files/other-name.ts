/** A file's name with a number before its ending, as file managers name the second of two. */
export function otherName(name: string, number: number): string {
  const [, stem = name, ending = ''] = /^(.+?)((?:\.tar)?\.[^.]+)?$/s.exec(name) ?? [];
  return `${stem} (${number})${ending}`;
}
