/** Results of calls (WASI preview 1, `errno`), as far as they are given here. */
export const errno = {
  success: 0,
  tooBig: 1,
  again: 6,
  badDescriptor: 8,
  exists: 20,
  fault: 21,
  fileTooBig: 22,
  illegalBytes: 25,
  invalid: 28,
  isDirectory: 31,
  loop: 32,
  tooManyFiles: 33,
  nameTooLong: 37,
  noEntry: 44,
  noSpace: 51,
  notDirectory: 54,
  notEmpty: 55,
  notSocket: 57,
  notSupported: 58,
  notPermitted: 63,
  illegalSeek: 70,
  notCapable: 76,
} as const;

/** Thrown by whatever a call does, and given to the program as its result. */
export class WasiError extends Error {
  readonly errno: number;

  constructor(name: keyof typeof errno) {
    super(name);
    this.errno = errno[name];
  }
}
