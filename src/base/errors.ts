/** What kind of failure an error is. */
export type ErrorCode =
  | 'NotFound'
  | 'AlreadyExists'
  | 'InvalidArgument'
  | 'FailedPrecondition'
  | 'Unavailable'
  | 'ResourceExhausted'
  | 'Aborted'
  | 'DataLoss'
  | 'Unimplemented'
  | 'Canceled'
  | 'Internal';

/** Plain values that say more about an error: the digest, the limit, the bytes needed. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

/**
 * The one error type that leaves a module of ours.
 * The message says what failed, the value, and what to do next; sentence case, no final period.
 */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** An error as it crosses a worker boundary: structured-cloneable, with its code kept. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly stack?: string;
}

/** Turns anything thrown into a record; what is not ours becomes `Internal`. */
export function serializeError(thrown: unknown): ErrorRecord {
  const error = toSandboxError(thrown);
  const record = { code: error.code, message: error.message, details: error.details };
  return error.stack === undefined ? record : { ...record, stack: error.stack };
}

/** The other half of {@link serializeError}. */
export function parseError(record: ErrorRecord): SandboxError {
  const error = new SandboxError(record.code, record.message, { details: record.details });
  if (record.stack !== undefined) error.stack = record.stack;
  return error;
}

/** A typed error for anything thrown: ours unchanged, an abort as `Canceled`, the rest as `Internal`. */
export function toSandboxError(thrown: unknown): SandboxError {
  if (thrown instanceof SandboxError) return thrown;
  if (thrown instanceof Error) {
    const code = thrown.name === 'AbortError' ? 'Canceled' : 'Internal';
    return new SandboxError(code, thrown.message || thrown.name, { cause: thrown });
  }
  return new SandboxError('Internal', String(thrown));
}

/** Throws `Canceled` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  if (signal.reason instanceof SandboxError) throw signal.reason;
  throw new SandboxError('Canceled', 'Canceled');
}
