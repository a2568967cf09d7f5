import { FakeClock } from '../../base/fake-clock';
import type { HttpMeasures } from './http-measures';

const encoder = new TextEncoder();

/** A service whose connections answer what they are told to, each once; what it is asked takes that long. */
export function scriptedService(answers: () => string | Error, tookMs = 10) {
  const clock = new FakeClock(1000);
  let connections = 0;
  const lab: HttpMeasures['lab'] = {
    async connect() {
      connections += 1;
      const answer = answers();
      if (answer instanceof Error) throw answer;
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>({
        async transform(_request, controller) {
          await clock.advance(tookMs);
          controller.enqueue(encoder.encode(answer));
          controller.terminate();
        },
      });
      return { readable, writable };
    },
  };
  return { clock, lab, connections: () => connections };
}

export function httpAnswer(status: number, body: string): string {
  return `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}

export const endpoint = { network: 'default', endpoint: { address: '10.0.0.9', port: 80 } } as const;
