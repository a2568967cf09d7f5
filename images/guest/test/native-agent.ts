import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { Emitter } from '../../../src/base/events';
import type { AgentUnderTest } from '../../../test/integration/agent.suite';

const maxPending = 1024 * 1024;

/** Runs the agent as a program of this machine, over a socket in place of the virtio port. */
export async function startNativeAgent(path: string): Promise<AgentUnderTest> {
  const child = spawn(path, ['--fd', '3'], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  const socket = child.stdio[3] as Socket;
  const received = new Emitter<Uint8Array<ArrayBuffer>>();
  const drained = new Emitter<void>();
  socket.on('data', (bytes: Uint8Array) => received.fire(new Uint8Array(bytes)));
  socket.on('drain', () => drained.fire());
  return {
    transport: {
      received: received.event,
      drained: drained.event,
      send(bytes) {
        if (socket.writableLength > maxPending) return false;
        // Below the mark no drain would follow a refusal; the mark is far below ours.
        socket.write(new Uint8Array(bytes));
        return true;
      },
    },
    dispose: () => ended(child, socket),
  };
}

function ended(child: ChildProcess, socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    socket.destroy();
  });
}
