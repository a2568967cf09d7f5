import { InstructionProblem } from './dockerfile-error';

const protocols: readonly string[] = ['tcp', 'udp', 'sctp'];

/** `80`, `53/udp`, `8000-8010/tcp` as single ports with a protocol. Throws an {@link InstructionProblem} in docker's words. */
export function parseExposedPorts(text: string): readonly string[] {
  const slash = text.indexOf('/');
  const protocol = (slash === -1 ? 'tcp' : text.slice(slash + 1)).toLowerCase() || 'tcp';
  if (!protocols.includes(protocol)) throw new InstructionProblem(`invalid proto: ${protocol}`, text);
  // What stands in front of a colon is for publishing; EXPOSE has no use for it.
  const range = (slash === -1 ? text : text.slice(0, slash)).split(':').at(-1) ?? '';
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === '' || from > 65535 || to > 65535) throw new InstructionProblem(`invalid containerPort: ${range}`, text);
  if (to < from) throw new InstructionProblem(`invalid containerPort: ${range}: it ends before it begins`, text);
  return Array.from({ length: to - from + 1 }, (_, at) => `${from + at}/${protocol}`);
}
