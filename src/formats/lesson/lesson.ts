import type { Root } from 'mdast';
import type { InstancePhase } from '../../api/instance';
import type { Scenario } from '../scenario/scenario';

/** A lesson as a folder of Markdown; docs/LESSONS.md. */
export interface Lesson {
  readonly title: string;
  /** One sentence for the list. */
  readonly summary: string;
  /** What it takes somebody who reads. */
  readonly minutes: number;
  /** The lab to start from; absent: whatever is there. */
  readonly lab?: Scenario;
  readonly introduction: Root;
  readonly steps: readonly LessonStep[];
}

export interface LessonStep {
  readonly title: string;
  readonly text: Root;
  readonly checks: readonly LessonCheck[];
  /** In Markdown; the next one is shown when it is asked for. */
  readonly hints: readonly Root[];
  /** What to type where the step's own code is not all of it. Empty: the code is the solution. */
  readonly solution: readonly LessonCommand[];
  readonly quiz: readonly QuizQuestion[];
}

/** A shell: of an instance, or of the lab where the instance is `lab`. */
export interface TerminalAddress {
  readonly instance: string;
  /** Several of one instance have numbers from 1. */
  readonly shell: number;
}

/** The instance that stands for the lab itself, whose shell has docker. */
export const labTerminal = 'lab';

export interface LessonCommand {
  readonly at: TerminalAddress;
  /** Lines, as a person would type them. */
  readonly lines: string;
}

interface Checked {
  /** What is true when it passes, as a sentence. */
  readonly name: string;
  /** Seconds that one attempt may take. */
  readonly within: number;
}

export type LessonCheck = CommandCheck | HttpCheck | InstanceCheck | ContainerCheck | ImageCheck | PacketCheck;

/** A script of the shell in an instance, or in a container by its name. */
export interface CommandCheck extends Checked {
  readonly kind: 'command';
  readonly in: string;
  readonly run: string;
  readonly exit: number;
  /** What its output has in it somewhere. */
  readonly output?: string;
}

/** A GET to a port of an instance. */
export interface HttpCheck extends Checked {
  readonly kind: 'http';
  readonly instance: string;
  readonly port: number;
  readonly path: string;
  readonly status: number;
  /** What the answer has in it somewhere. */
  readonly body?: string;
}

export interface InstanceCheck extends Checked {
  readonly kind: 'instance';
  readonly instance: string;
  readonly phase: InstancePhase;
}

export interface ContainerCheck extends Checked {
  readonly kind: 'container';
  readonly container: string;
  readonly status: 'created' | 'running' | 'paused' | 'exited' | 'removed';
  /** Of one that has exited. */
  readonly exit?: number;
}

export interface ImageCheck extends Checked {
  readonly kind: 'image';
  readonly image: string;
}

/** A frame that the switch has forwarded since the step was begun. */
export interface PacketCheck extends Checked {
  readonly kind: 'packet';
  readonly network: string;
  readonly protocol: PacketProtocol;
  /** An instance, or an IPv4 address. */
  readonly from?: string;
  readonly to?: string;
  /** Of TCP or UDP, at the receiving end. */
  readonly port?: number;
}

export const packetProtocols = ['arp', 'icmp', 'tcp', 'udp'] as const;
export type PacketProtocol = (typeof packetProtocols)[number];

export interface QuizQuestion {
  readonly question: string;
  readonly choices: readonly QuizChoice[];
}

export interface QuizChoice {
  readonly text: string;
  readonly right: boolean;
  /** Said when it was chosen. */
  readonly because?: string;
}
