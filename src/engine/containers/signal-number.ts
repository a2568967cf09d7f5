import { SandboxError } from '../../base/errors';

/** Signals of i386 in the order of their numbers, from 1 (include/uapi/asm-generic/signal.h). */
const names =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'.split(
    ' ',
  );
const firstRealTime = 34;
const lastRealTime = 64;

/** `SIGTERM`, `term`, `15`, `RTMIN+3`. `InvalidArgument` in docker's words. */
export function signalNumber(text: string): number {
  const wrong = (): SandboxError => new SandboxError('InvalidArgument', `invalid signal: ${text}`);
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number < 1) throw wrong();
    // Those between are the C library's own.
    if (number <= names.length || (number >= firstRealTime && number <= lastRealTime)) return number;
    throw new SandboxError('InvalidArgument', `the linux daemon does not support signal ${number}`);
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const [, from = '', sign = '+', offset = '0'] = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name) ?? [];
  if (from !== '') {
    const number = (from === 'MIN' ? firstRealTime : lastRealTime) + Number(offset) * (sign === '-' ? -1 : 1);
    if (number < firstRealTime || number > lastRealTime) throw wrong();
    return number;
  }
  const at = names.indexOf(name);
  if (at !== -1) return at + 1;
  const other = { IOT: 6, CLD: 17, POLL: 29 }[name];
  if (other === undefined) throw wrong();
  return other;
}
