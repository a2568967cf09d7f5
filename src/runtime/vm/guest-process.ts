import type { ExecSpec, Process, Signal, TerminalSize } from '../../api/instance';
import { parseError, toSandboxError } from '../../base/errors';
import { readableFromPort, writableToPort } from '../../rpc/byte-stream';
import { type Remote, transfer } from '../../rpc/control';
import type { ExecControl, ExecOutcome, VmService } from './vm-protocol';

/** Runs a program through the vm's worker. `lost` ends its streams when the worker does. */
export async function startGuestProcess(
  remote: Remote<VmService>,
  spec: ExecSpec,
  lost: AbortSignal,
): Promise<Process> {
  const channels = {
    stdin: new MessageChannel(),
    stdout: new MessageChannel(),
    stderr: new MessageChannel(),
    control: new MessageChannel(),
  };
  const control = channels.control.port1;
  const exited = outcomeOf(control, lost);
  // The caller may only be interested in the output.
  exited.catch(() => {});
  const ports = {
    stdin: channels.stdin.port2,
    stdout: channels.stdout.port2,
    stderr: channels.stderr.port2,
    control: channels.control.port2,
  };
  await remote.exec(spec, transfer(ports, Object.values(ports)));
  const tell = (message: ExecControl): void => control.postMessage(message);
  return {
    stdin: writableToPort(channels.stdin.port1, lost),
    stdout: readableFromPort(channels.stdout.port1, lost),
    stderr: readableFromPort(channels.stderr.port1, lost),
    exited,
    resize: (size: TerminalSize) => tell({ resize: size }),
    kill: (signal: Signal) => tell({ kill: signal }),
  };
}

function outcomeOf(control: MessagePort, lost: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const onLost = (): void => {
      control.close();
      reject(toSandboxError(lost.reason));
    };
    lost.addEventListener('abort', onLost, { once: true });
    control.onmessage = ({ data }: MessageEvent<ExecOutcome>) => {
      lost.removeEventListener('abort', onLost);
      control.close();
      if ('exited' in data) resolve(data.exited);
      else reject(parseError(data.failed));
    };
  });
}
