import type { Plugin } from 'vite';

const letters: Readonly<Record<string, string>> = {
  ...{ a: 'á', b: 'ƀ', c: 'ç', d: 'đ', e: 'é', f: 'ƒ', g: 'ğ', h: 'ħ', i: 'í', j: 'ĵ', k: 'ķ', l: 'ł', m: 'ɱ' },
  ...{ n: 'ñ', o: 'ó', p: 'þ', q: 'ɋ', r: 'ř', s: 'š', t: 'ŧ', u: 'ú', v: 'ṽ', w: 'ŵ', x: 'ẋ', y: 'ý', z: 'ž' },
};

/** Where a replaced text begins and ends on the page. */
const marks = { begin: '⟦', end: '⟧' } as const;

/** The same text accented and 40 % longer, between marks. */
export function pseudo(text: string): string {
  if (text === '' || text.startsWith(marks.begin)) return text;
  const accented = [...text].map((letter) => letters[letter] ?? letter).join('');
  return `${marks.begin}${accented}${'~'.repeat(Math.ceil(text.length * 0.4))}${marks.end}`;
}

/** What stands on a page beside replaced texts. */
export function untranslated(shown: string): string {
  return shown.replaceAll(/⟦[^⟦⟧]*(?:⟦[^⟦⟧]*⟧[^⟦⟧]*)*⟧/g, ' ');
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

/** In the page: the strings of an object are replaced in place, and so is what its functions return. */
const source = `
const letters = ${JSON.stringify(letters)};
const marks = ${JSON.stringify(marks)};
const done = new WeakSet();
${pseudo.toString()}
export function replace(words) {
  for (const [key, value] of Object.entries(words)) {
    if (typeof value === 'string') words[key] = pseudo(value);
    else if (typeof value === 'function' && !done.has(value)) {
      const told = (...given) => {
        const said = value(...given);
        return typeof said === 'string' ? pseudo(said) : said;
      };
      done.add(told);
      words[key] = told;
    } else if (typeof value === 'object' && value !== null) replace(value);
  }
}
`;
