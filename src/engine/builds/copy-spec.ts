import { InstructionProblem } from '../../formats/dockerfile/dockerfile-error';
import type { AddInstruction, CopyInstruction } from '../../formats/dockerfile/instruction';
import { type BuildScope, expander, type StageState } from './stage-state';

/** A COPY or ADD with its variables replaced. */
export interface CopySpec {
  /** A stage's name or number, or an image; absent for the context. */
  readonly from?: string;
  readonly paths: readonly string[];
  readonly urls: readonly string[];
  readonly heredocs: readonly { readonly name: string; readonly text: string }[];
  /** From the root; a slash at its end says that it is a directory. */
  readonly destination: string;
  readonly chown?: string;
  /** 0 to 0o7777. */
  readonly mode?: number;
  readonly excludes: readonly string[];
  readonly parents: boolean;
  /** Archives are unpacked: of the context, and those that were fetched. */
  readonly unpack: { readonly paths: boolean; readonly urls: boolean };
  /** `sha256:…` of what is fetched. */
  readonly checksum?: string;
}

/** Pure; throws an {@link InstructionProblem} in BuildKit's words. */
export function copySpec(
  instruction: CopyInstruction | AddInstruction,
  state: StageState,
  scope: BuildScope,
): CopySpec {
  const expand = expander(state, scope);
  const word = (text: string): string => expand(text).text;
  const sources = instruction.sources.map(word);
  const isAdd = instruction.is === 'add';
  const urls = isAdd ? sources.filter(isUrl) : [];
  const git = isAdd ? sources.find(isGit) : undefined;
  if (git !== undefined) throw new InstructionProblem(`ADD of a git repository is not supported here: ${git}`, git);
  const plain = expander(state, scope, { plainQuotes: true });
  const heredocs = instruction.heredocs.map(({ name, content, expand: isExpanded }) => ({
    name,
    text: isExpanded ? plain(content).text : content,
  }));
  const destination = absolutePath(state.run.workingDir ?? '/', word(instruction.destination));
  if (sources.length + heredocs.length > 1 && !destination.endsWith('/')) {
    const what = isAdd ? 'ADD' : 'COPY';
    throw new InstructionProblem(
      `When using ${what} with more than one source file, the destination must be a directory and end with a /`,
    );
  }
  const { unpack = undefined, checksum = undefined } = isAdd ? instruction : {};
  if (checksum !== undefined) requireOneAddress(sources, urls);
  const { from = undefined, parents = false } = isAdd ? {} : instruction;
  const [chown, chmod] = [instruction.chown && word(instruction.chown), instruction.chmod && word(instruction.chmod)];
  return {
    ...(from !== undefined && { from }),
    paths: sources.filter((source) => !urls.includes(source)),
    urls,
    heredocs,
    destination,
    ...(chown !== undefined && chown !== '' && { chown }),
    ...(chmod !== undefined && chmod !== '' && { mode: parseMode(chmod) }),
    excludes: instruction.excludes.map(word),
    parents,
    unpack: { paths: isAdd && unpack !== false, urls: unpack === true },
    ...(checksum !== undefined && { checksum: word(checksum) }),
  };
}

/** Nothing else has a checksum that could be compared. */
function requireOneAddress(sources: readonly string[], urls: readonly string[]): void {
  if (sources.length !== 1)
    throw new InstructionProblem("checksum can't be specified for multiple sources", '--checksum');
  if (urls.length === 0) {
    throw new InstructionProblem("checksum can't be specified for non-HTTP(S) sources", '--checksum');
  }
}

/** A path from a directory on, without `.` and `..`; a slash or a dot at its end says that it is a directory. */
export function absolutePath(directory: string, path: string): string {
  const names: string[] = [];
  for (const name of (path.startsWith('/') ? path : `${directory}/${path}`).split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  const isDirectory = path === '' || /(?:^|\/)\.{0,2}$/.test(path);
  return names.length === 0 ? '/' : `/${names.join('/')}${isDirectory ? '/' : ''}`;
}

function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && !isGit(text);
}

function isGit(text: string): boolean {
  return /^git@|^(?:git|ssh):\/\/|^https?:\/\/\S+\.git(?:[#?]|$)|^github\.com\//i.test(text);
}

function parseMode(text: string): number {
  const mode = Number.parseInt(text, 8);
  if (/^[0-7]{1,5}$/.test(text) && mode <= 0o7777) return mode;
  throw new InstructionProblem(
    `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`,
    text,
  );
}
