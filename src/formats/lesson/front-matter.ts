import type { DocumentProblem } from '../yaml/yaml-reader';

/** A text in two parts, each with as many empty lines before it that its places are those of the whole. */
export interface FrontMatter {
  readonly yaml: string;
  readonly body: string;
}

/** Cuts a text that begins with YAML between two lines of `---`. */
export function splitFrontMatter(source: string): FrontMatter | DocumentProblem {
  const text = source.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  if (!text.startsWith('---\n')) {
    return {
      line: 1,
      column: 1,
      path: '',
      message: 'It does not begin with front matter: a line of ---, YAML, and a line of ---',
    };
  }
  const end = text.indexOf('\n---\n', 3);
  const last = end < 0 && text.endsWith('\n---') ? text.length - 4 : end;
  if (last < 0) return { line: 1, column: 1, path: '', message: 'Its front matter has no end: a line of ---' };
  const yaml = `\n${text.slice(4, last + 1)}`;
  const lines = yaml.split('\n').length;
  return { yaml, body: '\n'.repeat(lines) + text.slice(last + 5) };
}
