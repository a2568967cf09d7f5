import type { ExecSpec, Process, ProgramId, Signal, TerminalSize } from '../../api/instance';
import { parseError, toSandboxError } from '../../base/errors';
import { onAbort } from '../../base/on-abort';
import { readableFromPort, writableToPort } from '../../rpc/byte-stream';
import { type Remote, transfer } from '../../rpc/control';
import type { ExecControl, ExecOutcome, ExecPorts, VmService } from './vm-protocol';

/** Both ends of an exec: ports for the side that runs it, and what its user holds. */
export interface ExecEnds {
  readonly ports: ExecPorts;
  readonly process: Omit<Process, 'id'>;
}

/**
 * Runs a program through the vm's worker. `lost` ends its streams when the machine does; when the machine
 * moves to another worker the ports move along, and nothing is noticed here.
 */
export async function startGuestProcess(
  remote: Remote<VmService>,
  spec: ExecSpec,
  lost: AbortSignal,
): Promise<Process> {
  const { ports, process } = openExec(lost);
  const id = await remote.exec(spec, transfer(ports, Object.values(ports)));
  return { ...process, id };
}

/** Comes back to a program that an earlier page has started. */
export async function reattachGuestProcess(
  remote: Remote<VmService>,
  id: ProgramId,
  lost: AbortSignal,
): Promise<Process> {
  const { ports, process } = openExec(lost);
  await remote.reattach(id, transfer(ports, Object.values(ports)));
  return { ...process, id };
}

/** `lost` as above. */
export function openExec(lost: AbortSignal): ExecEnds {
  const stdin = new MessageChannel();
  const stdout = new MessageChannel();
  const stderr = new MessageChannel();
  const control = new MessageChannel();
  const exited = outcomeOf(control.port1, lost);
  // The caller may only be interested in the output.
  exited.catch(() => {});
  const tell = (message: ExecControl): void => control.port1.postMessage(message);
  return {
    ports: { stdin: stdin.port2, stdout: stdout.port2, stderr: stderr.port2, control: control.port2 },
    process: {
      stdin: writableToPort(stdin.port1, lost),
      stdout: readableFromPort(stdout.port1, lost),
      stderr: readableFromPort(stderr.port1, lost),
      exited,
      resize: (size: TerminalSize) => tell({ resize: size }),
      kill: (signal: Signal) => tell({ kill: signal }),
    },
  };
}

function outcomeOf(control: MessagePort, lost: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const onLost = (): void => {
      control.close();
      reject(toSandboxError(lost.reason));
    };
    const following = onAbort(lost, onLost);
    control.onmessage = ({ data }: MessageEvent<ExecOutcome>) => {
      following.dispose();
      control.close();
      if ('exited' in data) resolve(data.exited);
      else reject(parseError(data.failed));
    };
  });
}
