import type { Code, Root } from 'mdast';
import { problemAt, walkMarkdown } from '../markdown/read-markdown';
import type { DocumentProblem } from '../yaml/yaml-reader';
import type { TerminalAddress } from './lesson';

const form = /^@([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?::([1-9]))?$/;

/** Reads `box`, or `box:2` for the second shell. Undefined when it is none. */
export function parseAddress(written: string): TerminalAddress | undefined {
  const [, instance, shell = '1'] = form.exec(`@${written}`) ?? [];
  return instance === undefined ? undefined : { instance, shell: Number(shell) };
}

/** Where a block of code is run when it is clicked: "```sh @box". `'wrong'`: an address is meant and is none, or there are two. */
export function addressOf(code: Code): TerminalAddress | 'wrong' | undefined {
  const [word, ...more] = words(code).filter((each) => each.startsWith('@'));
  if (word === undefined) return undefined;
  return (more.length === 0 ? parseAddress(word.slice(1)) : undefined) ?? 'wrong';
}

/** Code for a container of the lab, of the text or the solution: only instances and the lab have shells to type into. */
export function containerProblems(
  root: Root,
  solution: readonly { readonly at: TerminalAddress }[],
  containers: ReadonlySet<string>,
): readonly DocumentProblem[] {
  const tell = (at: ReturnType<typeof addressOf>, node?: Code): readonly DocumentProblem[] =>
    typeof at === 'object' && containers.has(at.instance)
      ? [
          problemAt(
            node,
            `"${at.instance}" is a container, and has no terminal: write docker exec ${at.instance} … for @lab`,
          ),
        ]
      : [];
  return [
    ...[...walkMarkdown(root)].flatMap(({ node }) => (node.type === 'code' ? tell(addressOf(node), node) : [])),
    ...solution.flatMap(({ at }) => tell(at)),
  ];
}

/** What stands behind the fence. A block without a language may have an address. */
function words({ lang, meta }: Code): readonly string[] {
  return `${lang ?? ''} ${meta ?? ''}`.trim().split(/\s+/);
}

/** What is wrong with addresses of a text. */
export function addressProblems(root: Root): readonly DocumentProblem[] {
  return [...walkMarkdown(root)].flatMap(({ node }) => {
    if (node.type !== 'code' || addressOf(node) !== 'wrong') return [];
    const written = words(node)
      .filter((each) => each.startsWith('@'))
      .join(' ');
    const message = `"${written}" is no terminal: write @ and the name of an instance, @lab, or @box:2`;
    return [problemAt(node, message)];
  });
}
