/**
 * What an embedding page and the lab in its frame say to each other; docs/EMBED.md. Two messages go between windows, by
 * which each makes sure of the other; everything after them goes through a port that nobody else has.
 */
export const protocolVersion = 1;

/** The frame is there. To whoever embeds it, who alone knows the nonce that goes back. */
export interface Hello {
  readonly strata: 'hello';
  readonly version: number;
}

/** The answer, with one port. */
export interface Connect {
  readonly strata: 'connect';
  readonly version: number;
  /** As in the frame's address. */
  readonly nonce: string;
}

export type LabPhase =
  /** Nothing runs before somebody says so. */
  'waiting' | 'starting' | 'ready' | 'failed';

export interface InstanceInfo {
  readonly name: string;
  readonly kind: 'vm' | 'unikernel' | 'app';
  readonly phase: 'created' | 'starting' | 'running' | 'paused' | 'stopping' | 'stopped' | 'failed';
  /** IPv4, in the order of its NICs. */
  readonly addresses: readonly string[];
}

/** What a program in an instance said, and how it ended. */
export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A check of a lesson's step, whenever it has changed. */
export interface CheckState {
  readonly lesson: string;
  /** From 1. */
  readonly step: number;
  readonly steps: number;
  readonly passed: boolean;
  /** All steps have passed. */
  readonly done: boolean;
}

/** Calls of the page, by name: what they are given and what they give. */
export interface Calls {
  /** Says what is to be run: a scenario's text. */
  offer: [given: { readonly scenario: string }, gives: undefined];
  /** Resolves when it is known that what the frame's address says can be run; rejects with why it cannot. */
  settled: [given: Record<string, never>, gives: undefined];
  /** Begins, as a click does. Resolves when everything runs. */
  run: [given: Record<string, never>, gives: readonly InstanceInfo[]];
  instances: [given: Record<string, never>, gives: readonly InstanceInfo[]];
  /** Runs a program to its end; what it says is cut after a mebibyte of each. */
  exec: [
    given: { readonly instance: string; readonly argv: readonly string[]; readonly stdin?: string },
    gives: ExecResult,
  ];
  read: [given: { readonly instance: string; readonly path: string }, gives: Uint8Array];
  write: [given: { readonly instance: string; readonly path: string; readonly content: Uint8Array }, gives: undefined];
  start: [given: { readonly instance: string }, gives: undefined];
  stop: [given: { readonly instance: string }, gives: undefined];
  /** What is known of the lesson's checks. */
  checks: [given: Record<string, never>, gives: readonly CheckState[]];
}

export type CallName = keyof Calls;

export interface Call<Name extends CallName = CallName> {
  readonly id: number;
  readonly call: Name;
  readonly given: Calls[Name][0];
}

export type Answer =
  | { readonly id: number; readonly gives: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } };

/** What the frame tells by itself. */
export interface Events {
  phase: { readonly phase: LabPhase; readonly message?: string };
  instances: readonly InstanceInfo[];
  checks: readonly CheckState[];
}

export type EventMessage = {
  readonly [Name in keyof Events]: { readonly event: Name; readonly tells: Events[Name] };
}[keyof Events];

/** The frame asks whether there is memory for what it would start, MiB; the page answers. */
export interface MemoryWish {
  readonly wants: number;
}
export interface MemoryAnswer {
  readonly granted: boolean;
  /** MiB that other labs of the page leave. */
  readonly left: number;
}

export type FromFrame = Answer | EventMessage | MemoryWish;

/** Bytes of a file that is read or written at most. */
export const fileLimit = 8 * 1024 * 1024;
/** Bytes of one message's strings and arrays at most: such a file, and what says where to. */
export const messageLimit = fileLimit + 64 * 1024;
/** Messages a second at most. */
export const messageRate = 1000;
