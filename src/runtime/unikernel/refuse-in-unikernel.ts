import { SandboxError } from '../../base/errors';

/** Docker's words where it has some (moby, runc and daemon/archive.go of Hyper-V containers), and what comes nearest. */
const words = {
  exec: 'OCI runtime exec failed: exec failed: unable to start container process: a unikernel is one program and has no shell: read what it says by "docker logs", or talk to it over its network',
  top: 'top is not supported for a unikernel: it is one program without processes; "docker stats" has what it uses',
  inspect: 'There is no kernel below a unikernel that knows more of it: "docker stats" has what its tender counts',
  diff: 'diff is not supported for a unikernel: it has no files of its own that could differ from its image',
  commit: 'commit is not supported for a unikernel: it changes nothing of its image; build a module of your own',
  cp: 'filesystem operations against a running unikernel are not supported: it has no files of its own; ask for them over its network',
  connect:
    'a unikernel has the network cards that its module declares from its start on: stop it, change its networks, and start it again',
  volume: 'invalid mount config: a unikernel has no files of its own that a volume could be mounted on',
} as const;

/** A call that takes programs or files inside of a container: `FailedPrecondition`. */
export function refuseInUnikernel(verb: keyof typeof words): () => Promise<never> {
  return async () => {
    throw new SandboxError('FailedPrecondition', words[verb]);
  };
}
