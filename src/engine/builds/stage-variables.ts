import type { Platform } from '../../api/image';
import { InstructionProblem } from '../../formats/dockerfile/dockerfile-error';
import type { ArgInstruction } from '../../formats/dockerfile/instruction';
import { expandText, type Variables } from '../../formats/dockerfile/shell-lexer';

/** Arguments that need no ARG, and that no history tells of (Dockerfile reference, "Predefined ARGs"). */
const predefined: ReadonlySet<string> = new Set(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
);

export function isPredefinedArg(name: string): boolean {
  return predefined.has(name);
}

/** "Automatic platform ARGs in the global scope": usable in FROM, and in stages that ask for them by ARG. */
export function platformArgs(target: Platform): ReadonlyMap<string, string> {
  const of = (prefix: string, { os, architecture, variant = '' }: Platform): [string, string][] => [
    [`${prefix}PLATFORM`, [os, architecture, variant].filter(Boolean).join('/')],
    [`${prefix}OS`, os],
    [`${prefix}ARCH`, architecture],
    [`${prefix}VARIANT`, variant],
  ];
  return new Map([...of('TARGET', target), ...of('BUILD', { os: 'linux', architecture: '386' })]);
}

/** The values of the ARGs in front of the first FROM, those of the platform among them. */
export function globalArgs(
  metaArgs: readonly ArgInstruction[],
  buildArgs: Readonly<Record<string, string>>,
  target: Platform,
  escapeToken: string,
): ReadonlyMap<string, string> {
  const values = new Map(platformArgs(target));
  for (const { name, value } of metaArgs.flatMap(({ args }) => args)) {
    const given = ownValue(buildArgs, name);
    if (given !== undefined) values.set(name, given);
    else if (value !== undefined) values.set(name, expandText(value, (key) => values.get(key), { escapeToken }).text);
  }
  return values;
}

/** Looks up what an instruction may use: of a name that is both, ENV is what counts. */
export function variablesOf(env: readonly string[], args: ReadonlyMap<string, string>): Variables {
  const values = new Map(args);
  for (const each of env) {
    const equals = each.indexOf('=');
    if (equals > 0) values.set(each.slice(0, equals), each.slice(equals + 1));
  }
  return (name) => values.get(name);
}

export function ownValue(record: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** A text that has to be something. Throws an {@link InstructionProblem}. */
export function requireText(text: string, message: string): string {
  if (text !== '') return text;
  throw new InstructionProblem(message);
}
