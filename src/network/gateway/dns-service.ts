import { concatBytes } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import type { Resolver } from './resolver';
import type { Sockets, TcpConnection } from './sockets';

export const dnsPort = 53;

/** RFC 7766, 6.2.3: a client that says nothing for so long, milliseconds, is not kept. */
const idleMs = 10_000;

export interface DnsServiceOptions {
  readonly sockets: Sockets;
  readonly clock: Clock;
  readonly resolver: Resolver;
}

/** The resolver at port 53, over UDP and TCP. */
export function serveDns({ sockets, clock, resolver }: DnsServiceOptions): Disposable {
  const parts = new DisposableStore();
  const udp = parts.add(sockets.bindUdp(dnsPort));
  parts.add(
    udp.received(({ from, to, bytes }) => {
      const answer = resolver.answerBytes(bytes, 'udp', from.address);
      if (answer) udp.send(answer, from, to);
    }),
  );
  parts.add(
    sockets.listen(dnsPort, (connection) => {
      serve(connection, clock, resolver).catch(() => connection.abort());
    }),
  );
  return parts;
}

/** Messages with their lengths before them (RFC 1035, 4.2.2), one answered before the next is looked at. */
async function serve(connection: TcpConnection, clock: Clock, resolver: Resolver): Promise<void> {
  const timer = { alarm: clock.after(idleMs, () => connection.abort()) };
  const writer = connection.writable.getWriter();
  const reader = connection.readable.getReader();
  let pending: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  try {
    for (;;) {
      const length = ((pending[0] ?? 0) << 8) | (pending[1] ?? 0);
      if (pending.length < 2 || pending.length < 2 + length) {
        const { done, value } = await reader.read();
        if (done) break;
        pending = concatBytes([pending, value]);
        continue;
      }
      timer.alarm.dispose();
      timer.alarm = clock.after(idleMs, () => connection.abort());
      const answer = resolver.answerBytes(pending.subarray(2, 2 + length), 'tcp', connection.remote.address);
      pending = pending.slice(2 + length);
      if (!answer) break;
      await writer.write(concatBytes([Uint8Array.of(answer.length >> 8, answer.length & 0xff), answer]));
    }
    await writer.close();
  } finally {
    timer.alarm.dispose();
  }
}
