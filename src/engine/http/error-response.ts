import type { EngineApiError } from '../../api/engine-api';
import { type ErrorCode, type SandboxError, toSandboxError } from '../../base/errors';

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

/** What moby answers with 403 has no code of its own. */
function statusOf({ code, details }: SandboxError): number {
  return details['reason'] === 'forbidden' ? 403 : statuses[code];
}

/** What a client hears of a failure: `{"message": "No such image: web:latest"}`. */
export function errorResponse(thrown: unknown, status?: number): Response {
  const error = toSandboxError(thrown);
  const body: EngineApiError = { message: error.message };
  return new Response(`${JSON.stringify(body)}\n`, {
    status: status ?? statusOf(error),
    headers: { 'content-type': 'application/json' },
  });
}
