import type { ContainerCreateBody, PortBinding, RestartPolicy } from '../../api/container';
import { SandboxError } from '../../base/errors';
import { lexShellLine } from '../../formats/shellwords/lex-shell-line';
import { containerText } from '../text/containers';

/** What the dialog asks for, as it was typed. */
export interface RunWish {
  readonly image: string;
  readonly name: string;
  /** Words of a command. */
  readonly command: readonly string[];
  /** `8080:80 443/udp` */
  readonly ports: string;
  /** `NAME=value` in each line. */
  readonly environment: string;
  readonly memoryMiB: number | undefined;
  readonly restart: RestartPolicy['Name'];
  readonly terminal: boolean;
}

/** The body of the engine's `create`. `InvalidArgument` for what cannot be read. */
export function createBody(wish: RunWish): ContainerCreateBody {
  const { image, command, memoryMiB, restart, terminal } = wish;
  const ports = readPorts(wish.ports);
  const bindings: Record<string, PortBinding[]> = {};
  for (const { inside, binding } of ports) bindings[inside] = [...(bindings[inside] ?? []), binding];
  return {
    Image: image,
    ...(command.length > 0 && { Cmd: command }),
    Env: readEnvironment(wish.environment),
    ...(terminal && { Tty: true, OpenStdin: true }),
    ExposedPorts: Object.fromEntries(ports.map(({ inside }) => [inside, {}])),
    HostConfig: {
      PortBindings: bindings,
      RestartPolicy: { Name: restart },
      ...(memoryMiB !== undefined && { Memory: memoryMiB * 1024 * 1024 }),
    },
  };
}

/** The words of a command as a shell splits them; what it would do with them beyond that is the container's business. */
export function commandWords(line: string): readonly string[] {
  const { tokens, open } = lexShellLine(line);
  if (open !== undefined) throw new SandboxError('InvalidArgument', containerText.dialog.openQuote(line));
  return tokens.map((token) => (token.kind === 'operator' ? token.text : token.word.map(({ text }) => text).join('')));
}

interface WishedPort {
  /** `80/tcp` */
  readonly inside: string;
  readonly binding: PortBinding;
}

/** `InvalidArgument` for what is no list of ports. */
export function readPorts(text: string): readonly WishedPort[] {
  return text.split(/\s+/).filter(Boolean).map(readPort);
}

function readPort(text: string): WishedPort {
  const match = /^(?:(\d{1,5}):)?(\d{1,5})(?:\/(tcp|udp))?$/.exec(text);
  const [, outside, inside, protocol = 'tcp'] = match ?? [];
  if (!inside || [outside ?? '1', inside].some((port) => Number(port) < 1 || Number(port) > 65_535))
    throw new SandboxError('InvalidArgument', containerText.dialog.badPort(text));
  return { inside: `${Number(inside)}/${protocol}`, binding: outside === undefined ? {} : { HostPort: outside } };
}

/** Lines of `NAME=value`. `InvalidArgument` for what is none. */
export function readEnvironment(text: string): readonly string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  for (const line of lines)
    if (!/^[^=\s]+=/.test(line)) throw new SandboxError('InvalidArgument', containerText.dialog.badEnvironment(line));
  return lines;
}
