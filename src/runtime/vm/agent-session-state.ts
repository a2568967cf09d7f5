import type { AgentHello } from '../../formats/agent';
import type { FrameParserState } from '../../formats/agent-frame';
import type { ExecRelayState, ExecTitle, MovedExecPorts } from './exec-relay';

/**
 * A session as it is handed over, together with the machine it was held with, to another worker or to a later
 * page: plain values and byte arrays only.
 */
export interface AgentSessionState {
  /** Of this very structure. */
  readonly version: 1;
  readonly nonce: Uint8Array;
  readonly peer: AgentHello;
  /** Bytes that a program may be ahead of its reader, as the agent was told. */
  readonly window: number;
  readonly lastStream: number;
  /** What came from the agent and is no whole message yet. */
  readonly received: FrameParserState;
  /** What the guest shall get first; it may begin in the middle of a message. */
  readonly unsent: Uint8Array;
  readonly programs: readonly ExecRelayState[];
}

/** A program of a session. */
export interface ProgramInfo extends ExecTitle {
  /** False: it has ended, and nobody has read all that it wrote. */
  readonly running: boolean;
}

/** The ports of a session's programs on their way to the session that resumes it. */
export type SessionPorts = ReadonlyMap<number, MovedExecPorts>;

/** What must be in the transfer list of the message that carries the ports. */
export function transferablesOf(ports: SessionPorts): MessagePort[] {
  return [...ports.values()].flatMap(({ stdin, stdout, stderr, control }) =>
    [stdin, stdout, stderr, control].flatMap((moved) => (moved ? [moved.port] : [])),
  );
}
