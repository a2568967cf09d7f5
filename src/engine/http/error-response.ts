import type { EngineApiError } from '../../api/engine-api';
import { type ErrorCode, toSandboxError } from '../../base/errors';

/** The statuses that moby gives to its kinds of errors (moby, api/server/httpstatus). */
const statuses: Readonly<Record<ErrorCode, number>> = {
  NotFound: 404,
  AlreadyExists: 409,
  InvalidArgument: 400,
  FailedPrecondition: 409,
  Unavailable: 503,
  ResourceExhausted: 500,
  Aborted: 409,
  DataLoss: 500,
  Unimplemented: 501,
  Canceled: 499,
  Internal: 500,
};

export function statusOf(code: ErrorCode): number {
  return statuses[code];
}

/** What a client hears of a failure: `{"message": "No such image: web:latest"}`. */
export function errorResponse(thrown: unknown, status?: number): Response {
  const { code, message } = toSandboxError(thrown);
  const body: EngineApiError = { message };
  return new Response(`${JSON.stringify(body)}\n`, {
    status: status ?? statusOf(code),
    headers: { 'content-type': 'application/json' },
  });
}
