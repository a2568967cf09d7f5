import type { Plugin } from 'vite';

const letters: Readonly<Record<string, string>> = {
  ...{ a: 'á', b: 'ƀ', c: 'ç', d: 'đ', e: 'é', f: 'ƒ', g: 'ğ', h: 'ħ', i: 'í', j: 'ĵ', k: 'ķ', l: 'ł', m: 'ɱ' },
  ...{ n: 'ñ', o: 'ó', p: 'þ', q: 'ɋ', r: 'ř', s: 'š', t: 'ŧ', u: 'ú', v: 'ṽ', w: 'ŵ', x: 'ẋ', y: 'ý', z: 'ž' },
};

/** Where a replaced text begins and ends on the page. */
const marks = { begin: '⟦', end: '⟧' } as const;

/**
 * The same text with accents and each word 40 % longer, between marks; what is between marks already stays. `given` is what the
 * text was made with: names, and what others have said. That stands outside of the marks, as it came.
 */
export function pseudo(text: string, given: readonly string[] = []): string {
  const [first, ...others] = given;
  if (first !== undefined) {
    return text
      .split(first)
      .map((part) => pseudo(part, others))
      .join(first);
  }
  const own = text.split(/(⟦[^⟦⟧]*⟧)/);
  return own.map((part) => (part.startsWith(marks.begin) || !/\p{L}/u.test(part) ? part : longer(part))).join('');
}

function longer(text: string): string {
  const words = text.replace(/\p{L}+/gu, (word) => {
    const accented = [...word].map((letter) => letters[letter] ?? letter).join('');
    return `${accented}${'~'.repeat(Math.ceil(word.length * 0.4))}`;
  });
  return `${marks.begin}${words}${marks.end}`;
}

/** What stands on a page beside replaced texts, of which some are shortened. */
export function untranslated(shown: string): string {
  return shown.replaceAll(/⟦[^⟦⟧]*[⟧…]/g, ' ');
}

/** Replaces every text of `src/ui/text` as the page is built: what is then readable on it is written somewhere else. */
export function pseudoLocale(): Plugin {
  const runtime = '\0pseudo-locale';
  return {
    name: 'pseudo-locale',
    enforce: 'post',
    resolveId: (id) => (id === 'virtual:pseudo-locale' ? runtime : undefined),
    load: (id) => (id === runtime ? source : undefined),
    transform(code, id) {
      if (!/\/src\/ui\/text(\/[\w-]+)?\.ts$/.test(id)) return undefined;
      const names = [...code.matchAll(/^export const (\w+)/gm)].map(([, name]) => name);
      const replaced = names.map((name) => `replace(${name});`).join('\n');
      return `import { replace } from 'virtual:pseudo-locale';\n${code}\n${replaced}\n`;
    },
  };
}

/**
 * In the page: what an object or a list holds is replaced in place, as others have it already, and what functions return is
 * replaced in a copy, as parts of it may be data.
 */
const source = `
const letters = ${JSON.stringify(letters)};
const marks = ${JSON.stringify(marks)};
const done = new WeakSet();
${longer.toString()}
${pseudo.toString()}
const isTree = (value) => Array.isArray(value) || (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype);
const isName = (value) => typeof value === 'string' && value.length > 2;
const namesIn = (given) => given.flat().filter(isName).toSorted((a, b) => b.length - a.length);
function copied(value, given) {
  if (typeof value === 'string') return pseudo(value, given);
  if (!isTree(value)) return value;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  for (const key of Object.keys(copy)) copy[key] = copied(copy[key], given);
  return copy;
}
export function replace(words) {
  if (!isTree(words)) throw new Error('Texts are exported as objects and lists: this would not be replaced');
  for (const [key, value] of Object.entries(words)) {
    if (typeof value === 'string') words[key] = pseudo(value);
    else if (typeof value === 'function' && !done.has(value)) {
      const told = (...given) => copied(value(...given), namesIn(given));
      done.add(told);
      words[key] = told;
    } else if (isTree(value)) replace(value);
  }
}
`;
