import type { Nodes, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table';
import { gfmTable } from 'micromark-extension-gfm-table';
import type { DocumentProblem } from '../yaml/yaml-reader';

/** Characters of one text; longer ones are refused unread, since some take more than linear time. */
const lengthLimit = 64 * 1024;

/** Blocks in blocks; what is nested deeper is refused. */
const depthLimit = 24;

/** Problems that are told of one text. */
const problemLimit = 20;

/** A text in Markdown, or what of it cannot be shown. */
export interface ReadMarkdown {
  readonly root: Root;
  readonly problems: readonly DocumentProblem[];
}

/**
 * Reads Markdown (CommonMark, and tables of GFM) as a tree. Raw HTML, pictures and links that lead anywhere but to http, https
 * or a place in the page are problems: the text has to do without. Nothing is thrown.
 */
export function readMarkdown(source: string): ReadMarkdown {
  const empty: Root = { type: 'root', children: [] };
  if (source.length > lengthLimit) {
    return { root: empty, problems: [problemAt(undefined, `It is longer than ${lengthLimit} characters`)] };
  }
  let root: Root;
  try {
    root = fromMarkdown(source, { extensions: [gfmTable()], mdastExtensions: [gfmTableFromMarkdown()] });
  } catch (error) {
    const message = error instanceof RangeError ? 'It is nested too deeply' : String(error);
    return { root: empty, problems: [problemAt(undefined, message)] };
  }
  const problems: DocumentProblem[] = [];
  for (const { node, depth } of walkMarkdown(root)) {
    const message = depth > depthLimit ? 'It is nested too deeply' : whatIsWrong(node);
    if (message !== undefined) problems.push(problemAt(node, message));
    if (problems.length === problemLimit || depth > depthLimit) break;
  }
  return { root, problems };
}

/** All nodes below one, in the order of the text, without recursion. */
export function* walkMarkdown(root: Nodes): Generator<{ readonly node: Nodes; readonly depth: number }> {
  const open: { readonly node: Nodes; readonly depth: number }[] = [{ node: root, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    yield next;
    if ('children' in next.node) {
      for (const node of next.node.children.toReversed()) open.push({ node, depth: next.depth + 1 });
    }
  }
}

/** The address of a link that may be followed, or undefined. */
export function safeAddress(written: string): string | undefined {
  if (written.startsWith('#')) return written;
  if (!URL.canParse(written)) return undefined;
  const { protocol, href } = new URL(written);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}

/** Where a node stands. */
export function problemAt(node: Nodes | undefined, message: string): DocumentProblem {
  const { line = 1, column = 1 } = node?.position?.start ?? {};
  return { line, column, path: '', message };
}

function whatIsWrong(node: Nodes): string | undefined {
  switch (node.type) {
    case 'html':
      return `Raw HTML is not shown: ${shortened(node.value)}`;
    case 'image':
    case 'imageReference':
      return 'Pictures are not shown: say it in words, or in a table';
    case 'link':
    case 'definition':
      if (safeAddress(node.url) !== undefined) return undefined;
      return `${shortened(node.url)} is no link that can be followed: http, https, or # and a place in the page`;
    default:
      return undefined;
  }
}

function shortened(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
