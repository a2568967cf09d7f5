import type { EngineContainers } from '../../api/container-engine';
import type { LogOptions } from '../../api/container-streams';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { parseDockerTime } from './docker-time';
import { hijack, outputBody, outputType } from './hijack';
import { empty } from './responses';
import type { ApiCall, Route } from './route';

/** What containers are given and what they say. */
export function containerStreamRoutes(containers: EngineContainers, clock: Clock): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/containers/{id}/attach',
      async handle(call) {
        const { params, query, input, request } = call;
        const streams = await containers.attach(params['id'] ?? '', {
          logs: query.flag('logs'),
          stream: query.flag('stream'),
          stdin: query.flag('stdin'),
          stdout: query.flag('stdout'),
          stderr: query.flag('stderr'),
        });
        // Clients that ask for no upgrade send their input as the body.
        return hijack(call, streams, input ?? request.body ?? undefined, query.text('detachKeys'));
      },
    },
    {
      method: 'POST',
      path: '/containers/{id}/resize',
      async handle({ params: { id = '' }, query }) {
        await containers.resize(id, terminalSize(query.integer('h'), query.integer('w')));
        return empty(200);
      },
    },
    {
      method: 'GET',
      path: '/containers/{id}/logs',
      async handle(call) {
        const { tty, output } = await containers.logs(call.params['id'] ?? '', logOptions(call, clock.now()));
        const body = outputBody(output, tty, new AbortController());
        return new Response(body, { headers: { 'content-type': outputType(call.minor, tty) } });
      },
    },
  ];
}

function logOptions({ query }: ApiCall, nowMs: number): LogOptions {
  const [since, until, tail] = [query.text('since'), query.text('until'), query.text('tail')];
  // As docker does, what is no number is all.
  const lines = tail !== undefined && /^\d+$/.test(tail) ? Number(tail) : undefined;
  return {
    stdout: query.flag('stdout'),
    stderr: query.flag('stderr'),
    follow: query.flag('follow'),
    timestamps: query.flag('timestamps'),
    details: query.flag('details'),
    ...(since !== undefined && since !== '0' && { since: parseDockerTime(since, nowMs) }),
    ...(until !== undefined && until !== '0' && { until: parseDockerTime(until, nowMs) }),
    ...(lines !== undefined && { tail: lines }),
  };
}

/** `InvalidArgument` for what is no size of a terminal. */
export function terminalSize(rows: number | undefined, columns: number | undefined) {
  if (rows !== undefined && columns !== undefined && rows >= 0 && columns >= 0) return { rows, columns };
  throw new SandboxError('InvalidArgument', `invalid resize height or width: ${rows ?? ''} and ${columns ?? ''}`);
}
