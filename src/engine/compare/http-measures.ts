import type { Clock } from '../../base/clock';
import { delay } from '../../base/clock';
import { SandboxError, throwIfAborted, toSandboxError } from '../../base/errors';
import { chunksOf } from '../../base/streams';
import { HttpClient } from '../../network/gateway/http-client';
import type { Lab } from '../lab';
import type { RunningService } from './form';

export interface HttpMeasures {
  readonly lab: Pick<Lab, 'connect'>;
  readonly clock: Clock;
}

/** How long a service may take until it answers, milliseconds. */
const answerLimitMs = 120_000;
/** Between two attempts to connect. */
const retryMs = 2;

const timeouts = { headMs: 30_000, idleMs: 30_000 };

/** The bytes of one answer to a GET on a connection of its own. `Unavailable` when the service says anything but 200. */
export async function getPage(
  { lab, clock }: HttpMeasures,
  { network, endpoint }: Pick<RunningService, 'network' | 'endpoint'>,
  target = '/',
  signal?: AbortSignal,
): Promise<number> {
  const client = new HttpClient({ connect: () => lab.connect(network, endpoint), clock, timeouts });
  try {
    const headers = [['Host', endpoint.address]] as const;
    const { status, body } = await client.request({ method: 'GET', target, headers }, signal);
    let bytes = 0;
    for await (const chunk of chunksOf(body, signal)) bytes += chunk.length;
    throwIfAborted(signal);
    if (status === 200) return bytes;
    throw new SandboxError('Unavailable', `${endpoint.address} answered a GET of ${target} with ${status}, not 200`);
  } finally {
    client.dispose();
  }
}

/** Tries until the service has answered. */
export async function firstAnswer(
  measures: HttpMeasures,
  service: Pick<RunningService, 'network' | 'endpoint'>,
  signal?: AbortSignal,
): Promise<number> {
  const { clock } = measures;
  const end = clock.monotonic() + answerLimitMs;
  for (;;) {
    try {
      return await getPage(measures, service, '/', signal);
    } catch (thrown) {
      throwIfAborted(signal);
      // Nobody listens yet.
      if (toSandboxError(thrown).code !== 'Unavailable' || clock.monotonic() > end) throw thrown;
      await delay(clock, retryMs, signal);
    }
  }
}

export interface Load {
  /** Clients that ask at the same time, each one request after the other. */
  readonly clients: number;
  readonly forMs: number;
  /** Bytes that each answer must have. */
  readonly pageBytes: number;
}

/** Answers a second; each on a connection of its own. */
export async function requestRate(
  measures: HttpMeasures,
  service: Pick<RunningService, 'network' | 'endpoint'>,
  { clients, forMs, pageBytes }: Load,
  signal?: AbortSignal,
): Promise<number> {
  const { clock } = measures;
  const begun = clock.monotonic();
  let answers = 0;
  const ask = async (): Promise<void> => {
    while (clock.monotonic() - begun < forMs) {
      const bytes = await getPage(measures, service, '/', signal);
      if (bytes !== pageBytes) throw new SandboxError('DataLoss', `A page of ${pageBytes} bytes came with ${bytes}`);
      answers += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, ask));
  return (answers * 1000) / (clock.monotonic() - begun);
}
