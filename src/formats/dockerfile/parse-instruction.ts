import { InstructionProblem } from './dockerfile-error';
import { parseHealthcheck } from './healthcheck';
import { heredocText, parseHeredocWord } from './heredoc';
import type { CommandLine, CopySources, Heredoc, Instruction, RunInstruction, SourceRange } from './instruction';
import { type FlagKinds, parseFlags, splitFlags } from './instruction-flags';
import { didYouMean } from './nearest-word';
import { parseStringArray, splitPairs, splitWords } from './split-words';

/** An instruction on one line, with the heredocs that followed it. */
export interface InstructionLine {
  readonly text: string;
  readonly heredocs: readonly Heredoc[];
  readonly range: SourceRange;
  readonly escapeToken: string;
}

interface Parts extends InstructionLine {
  readonly flags: readonly string[];
  /** What stands behind the keyword and the flags. */
  readonly rest: string;
}

type Omitted<T> = T extends unknown ? Omit<T, 'range' | 'source'> : never;
type Parse = (parts: Parts) => Omitted<Instruction>;

const parsers: Readonly<Record<string, Parse>> = {
  add: parseAdd,
  arg: parseArg,
  cmd: (parts) => ({ is: 'cmd', command: commandOf(parts) }),
  copy: parseCopy,
  entrypoint: (parts) => ({ is: 'entrypoint', command: commandOf(parts) }),
  env: (parts) => ({ is: 'env', pairs: pairsOf(parts, 'ENV') }),
  expose: (parts) => ({ is: 'expose', ports: someWords(parts, 'EXPOSE') }),
  from: parseFrom,
  healthcheck: ({ flags, rest }) => ({ is: 'healthcheck', ...parseHealthcheck(flags, rest) }),
  label: (parts) => ({ is: 'label', pairs: pairsOf(parts, 'LABEL') }),
  maintainer: (parts) => ({ is: 'maintainer', value: oneText(parts, 'MAINTAINER') }),
  onbuild: parseOnBuild,
  run: parseRun,
  shell: parseShell,
  stopsignal: (parts) => ({ is: 'stopsignal', value: oneText(parts, 'STOPSIGNAL') }),
  user: (parts) => ({ is: 'user', value: oneText(parts, 'USER') }),
  volume: parseVolume,
  workdir: (parts) => ({ is: 'workdir', value: oneText(parts, 'WORKDIR') }),
};

/** Throws an {@link InstructionProblem} in BuildKit's words. */
export function parseInstruction(line: InstructionLine): Instruction {
  const source = line.text.trim();
  const [, keyword = '', args = ''] = /^(\S*)\s*(.*)$/s.exec(source) ?? [];
  const name = keyword.toLowerCase();
  const parse = Object.hasOwn(parsers, name) ? parsers[name] : undefined;
  if (!parse) {
    const known = Object.keys(parsers).map((each) => each.toUpperCase());
    throw new InstructionProblem(`unknown instruction: ${keyword}${didYouMean(keyword, known)}`, keyword);
  }
  const parts = { ...line, ...splitFlags(args, line.escapeToken) };
  return { ...parse(parts), range: line.range, source } as Instruction;
}

/** Whether a line may announce heredocs: those of instructions that take files or commands, not in JSON form. */
export function takesHeredocs(text: string): boolean {
  const match = /^\s*(?:ONBUILD\s+)?(?:ADD|COPY|RUN)\s+(.*)$/is.exec(text);
  if (!match) return false;
  const rest = (match[1] ?? '').trimStart();
  return !(rest.startsWith('[') && isJson(rest));
}

function parseFrom({ flags, rest }: Parts): Omitted<Instruction> {
  const words = splitSpaces(rest);
  const [image = '', as, alias = ''] = words;
  const isNamed = words.length === 3 && as?.toLowerCase() === 'as';
  if (!isNamed && (words.length !== 1 || image === '')) {
    throw new InstructionProblem('FROM requires either one or three arguments');
  }
  const name = alias.toLowerCase();
  if (isNamed && !/^[a-z][a-z0-9-_.]*$/.test(name)) {
    const message = `invalid name for build stage: "${alias}", name can't start with a number or contain symbols`;
    throw new InstructionProblem(message, alias);
  }
  const platform = parseFlags(flags, { platform: 'text' }).text('platform');
  return { is: 'from', image, ...(isNamed && { name }), ...(platform !== undefined && { platform }) };
}

function parseArg({ flags, rest, escapeToken }: Parts): Omitted<Instruction> {
  parseFlags(flags, {});
  const words = splitWords(rest, escapeToken);
  if (words.length === 0) throw new InstructionProblem('ARG requires at least one argument');
  const args = words.map((word) => {
    const equals = word.indexOf('=');
    if (equals === 0) throw new InstructionProblem('ARG names can not be blank', word);
    return equals === -1 ? { name: word } : { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
  return { is: 'arg', args };
}

const copyFlags = { chown: 'text', chmod: 'text', link: 'boolean', exclude: 'texts' } as const;

function parseCopy(parts: Parts): Omitted<Instruction> {
  const flags = parseFlags(parts.flags, { ...copyFlags, from: 'text', parents: 'boolean' });
  const from = flags.text('from');
  return {
    is: 'copy',
    ...copySources(parts, 'COPY', flags),
    parents: flags.boolean('parents') ?? false,
    ...(from !== undefined && { from }),
  };
}

function parseAdd(parts: Parts): Omitted<Instruction> {
  const kinds: FlagKinds = { ...copyFlags, 'keep-git-dir': 'boolean', checksum: 'text', unpack: 'boolean' };
  const flags = parseFlags(parts.flags, kinds);
  const checksum = flags.text('checksum');
  const unpack = flags.boolean('unpack');
  return {
    is: 'add',
    ...copySources(parts, 'ADD', flags),
    ...(checksum !== undefined && { checksum }),
    ...(unpack !== undefined && { unpack }),
  };
}

function copySources(
  { rest, heredocs }: Parts,
  instruction: string,
  flags: ReturnType<typeof parseFlags>,
): CopySources {
  const words = parseStringArray(rest) ?? splitSpaces(rest);
  const destination = words.at(-1);
  if (destination === undefined || words.length < 2) {
    const message = `${instruction} requires at least two arguments, but only one was provided. Destination could not be determined`;
    throw new InstructionProblem(message);
  }
  if (parseHeredocWord(destination)) {
    throw new InstructionProblem(`${instruction} cannot accept a heredoc as a destination`, destination);
  }
  const named = new Map(heredocs.map((heredoc) => [heredoc.name, heredoc]));
  const sources: string[] = [];
  const files: Heredoc[] = [];
  for (const word of words.slice(0, -1)) {
    const announced = parseHeredocWord(word);
    const heredoc = announced && named.get(announced.name);
    if (heredoc) files.push({ ...heredoc, content: heredocText(heredoc), chomp: false });
    else sources.push(word);
  }
  const [chown, chmod] = [flags.text('chown'), flags.text('chmod')];
  return {
    sources,
    heredocs: files,
    destination,
    ...(chown !== undefined && { chown }),
    ...(chmod !== undefined && { chmod }),
    link: flags.boolean('link') ?? false,
    excludes: flags.texts('exclude'),
  };
}

const networks: readonly RunInstruction['network'][] = ['default', 'none', 'host'];
const securities: readonly RunInstruction['security'][] = ['sandbox', 'insecure'];

function parseRun(parts: Parts): Omitted<Instruction> {
  const flags = parseFlags(parts.flags, { mount: 'texts', network: 'text', security: 'text', device: 'texts' });
  if (flags.texts('device').length > 0) throw new InstructionProblem('--device is not supported here', '--device');
  const [network, security] = [flags.text('network') ?? 'default', flags.text('security') ?? 'sandbox'];
  const knownNetwork = networks.find((each) => each === network);
  if (!knownNetwork) throw new InstructionProblem(`invalid network mode: "${network}"`, network);
  const knownSecurity = securities.find((each) => each === security);
  if (!knownSecurity) throw new InstructionProblem(`security "${security}" is not valid`, security);
  const command = commandOf({ ...parts, flags: [] });
  const isEmpty = command.form === 'shell' ? command.text === '' : command.argv.length === 0;
  if (isEmpty) throw new InstructionProblem('RUN requires at least one argument');
  return { is: 'run', command, mounts: flags.texts('mount'), network: knownNetwork, security: knownSecurity };
}

function commandOf({ flags, rest, heredocs }: Parts): CommandLine {
  parseFlags(flags, {});
  const argv = parseStringArray(rest);
  return argv ? { form: 'exec', argv } : { form: 'shell', text: rest, heredocs };
}

function parseShell({ flags, rest, text }: Parts): Omitted<Instruction> {
  parseFlags(flags, {});
  const argv = parseStringArray(rest);
  if (rest === '' || argv?.length === 0) throw new InstructionProblem('SHELL requires at least one argument');
  if (argv) return { is: 'shell', argv };
  throw new InstructionProblem(`SHELL requires the arguments to be in JSON form: ${text.trim()}`, rest);
}

function parseVolume(parts: Parts): Omitted<Instruction> {
  const paths = (parseStringArray(parts.rest) ?? someWords(parts, 'VOLUME')).map((path) => path.trim());
  if (paths.length === 0) throw new InstructionProblem('VOLUME requires at least one argument');
  if (paths.includes('')) throw new InstructionProblem('VOLUME specified can not be an empty string');
  return { is: 'volume', paths };
}

const noTriggers: readonly string[] = ['MAINTAINER', 'FROM'];

function parseOnBuild({ rest, heredocs, ...line }: Parts): Omitted<Instruction> {
  const keyword = /^\S*/.exec(rest)?.[0].toUpperCase() ?? '';
  if (keyword === '') throw new InstructionProblem('ONBUILD requires at least one argument');
  if (keyword === 'ONBUILD') throw new InstructionProblem("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (noTriggers.includes(keyword)) throw new InstructionProblem(`${keyword} isn't allowed as an ONBUILD trigger`);
  // What is wrong with it is said now, not to whoever builds on the image.
  const { escapeToken, range } = line;
  parseInstruction({ text: rest, heredocs, range, escapeToken });
  const bodies = heredocs.map(({ content, name }) => `\n${content}${name}`);
  return { is: 'onbuild', expression: [rest, ...bodies].join('') };
}

function pairsOf({ flags, rest, escapeToken }: Parts, instruction: string): ReturnType<typeof splitPairs> {
  parseFlags(flags, {});
  return splitPairs(rest, instruction, escapeToken);
}

function someWords({ flags, rest }: Parts, instruction: string): readonly string[] {
  parseFlags(flags, {});
  if (rest === '') throw new InstructionProblem(`${instruction} requires at least one argument`);
  return splitSpaces(rest);
}

function oneText({ flags, rest }: Parts, instruction: string): string {
  parseFlags(flags, {});
  if (rest === '') throw new InstructionProblem(`${instruction} requires exactly one argument`);
  return rest;
}

function splitSpaces(text: string): readonly string[] {
  return text === '' ? [] : text.split(/[\t\v\f\r ]+/);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
