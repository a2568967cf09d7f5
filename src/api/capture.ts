import type { MacAddress } from './network';

/** What is recorded at a port of the switch. One capture for each port. */
export interface CaptureSpec {
  /** Id of the port; it need not be there yet: then it is recorded from its first frame on. */
  readonly port: string;
  /** Only frames from or to this address, and those for everybody: of one container behind the card of its host. */
  readonly station?: MacAddress;
}

/** A frame as a row of a list. Addresses are those of the innermost header that has some. */
export interface FrameDescription {
  readonly source: string;
  readonly destination: string;
  /** As Wireshark calls it: "TCP", "DHCP", "0x88b5". */
  readonly protocol: string;
  /** What the headers say, in the notation of the field: "40112 → 80 [SYN] Seq=1 Win=64240 Len=0". */
  readonly info: string;
}

export interface CapturedFrame extends FrameDescription {
  /** From 1, in the order in which they passed. */
  readonly number: number;
  /** Milliseconds since the epoch, with a fraction. */
  readonly at: number;
  /** From what is plugged into the port, or to it. */
  readonly direction: 'from' | 'to';
  /** Of the frame. One whose segmentation is left to a card is as long as it passed, up to 64 KB. */
  readonly bytes: number;
}

/** What there is of a capture. */
export interface CaptureReading {
  readonly recording: boolean;
  /** Frames recorded since it began. */
  readonly frames: number;
  /** Of those, dropped since for newer ones. */
  readonly dropped: number;
  readonly keptBytes: number;
  /** Of those that are kept, how many the filter lets through. */
  readonly matching: number;
  /** The last of them, oldest first. */
  readonly rows: readonly CapturedFrame[];
}
