import { InstructionProblem } from '../../formats/dockerfile/dockerfile-error';

/** Of Linux on x86, without those in real time. */
const names: readonly string[] = [
  ...['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV', 'USR2', 'PIPE', 'ALRM'],
  ...['TERM', 'STKFLT', 'CHLD', 'CONT', 'STOP', 'TSTP', 'TTIN', 'TTOU', 'URG', 'XCPU', 'XFSZ', 'VTALRM', 'PROF'],
  ...['WINCH', 'IO', 'PWR', 'SYS', 'IOT', 'CLD', 'POLL', 'UNUSED'],
];

/** A signal that there is: `SIGTERM`, `term`, `15`, `SIGRTMIN+3`. As it was written; throws an {@link InstructionProblem}. */
export function requireSignal(text: string): string {
  const name = text.toUpperCase().replace(/^SIG/, '');
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if ((number >= 1 && number <= 64) || names.includes(name) || isRealTime(name)) return text;
  throw new InstructionProblem(`invalid signal: ${text}`, text);
}

function isRealTime(name: string): boolean {
  const [, bound = '', distance = '0'] = /^RT(MIN|MAX)(?:[+-](\d{1,2}))?$/.exec(name) ?? [];
  const sign = bound === 'MIN' ? !name.includes('-') : !name.includes('+');
  return bound !== '' && sign && Number(distance) <= 30;
}
