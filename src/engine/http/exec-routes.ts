import type { EngineExecs } from '../../api/container-engine';
import type { ExecCreateBody } from '../../api/container-exec';
import type { AttachedStreams, OutputChunk } from '../../api/container-streams';
import { SandboxError } from '../../base/errors';
import { readBody } from './body-shape';
import { execCreateShape, execStartShape } from './container-shapes';
import { terminalSize } from './container-stream-routes';
import { hijack } from './hijack';
import { empty, json } from './responses';
import type { ApiCall, Route } from './route';

/** Further processes in containers. */
export function execRoutes(execs: EngineExecs): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/containers/{id}/exec',
      async handle({ params: { id = '' }, request }) {
        return json(await execs.create(id, await readBody<ExecCreateBody>(request, execCreateShape)), 201);
      },
    },
    { method: 'POST', path: '/exec/{id}/start', handle: (call) => start(execs, call) },
    {
      method: 'POST',
      path: '/exec/{id}/resize',
      async handle({ params: { id = '' }, query }) {
        await execs.resize(id, terminalSize(query.integer('h'), query.integer('w')));
        return empty(200);
      },
    },
    {
      method: 'GET',
      path: '/exec/{id}/json',
      handle: async ({ params: { id = '' } }) => json(await execs.inspect(id)),
    },
  ];
}

interface StartBody {
  readonly Detach?: boolean;
  readonly ConsoleSize?: readonly number[];
}

async function start(execs: EngineExecs, call: ApiCall): Promise<Response> {
  const id = call.params['id'] ?? '';
  const { Detach: detach = false, ConsoleSize: size } = await readBody<StartBody>(call.request, execStartShape);
  const { DetachKeys, ProcessConfig } = await execs.inspect(id);
  const terminal = size && terminalSize(size[0], size[1]);
  const options = { detach, ...(terminal && { terminal }) };
  if (detach) {
    await (await execs.start(id, options)).output.cancel();
    return empty(200);
  }
  const streams = await execs.start(id, options).catch((error: unknown) => refusal(error, ProcessConfig.tty));
  return hijack(call, streams, call.input, DetachKeys || undefined);
}

/** Docker has handed the connection over before it tries: why a command cannot be run is then its output. */
function refusal(error: unknown, tty: boolean): AttachedStreams {
  if (!(error instanceof SandboxError) || typeof error.details['exitCode'] !== 'number') throw error;
  const bytes = new TextEncoder().encode(`${error.message}\r\n`);
  const output = new ReadableStream<OutputChunk>({
    start(controller) {
      controller.enqueue({ stream: 'stdout', bytes });
      controller.close();
    },
  });
  return { tty, output };
}
