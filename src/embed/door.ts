import { type Connect, type Hello, protocolVersion } from '../sdk/protocol';
import type { EmbedAddress } from './embed-address';

/** The part of a window that the door needs. */
export interface DoorWindow {
  readonly parent: Pick<Window, 'postMessage'> | null;
  addEventListener(name: 'message', listener: (event: MessageEvent<unknown>) => void): void;
  removeEventListener(name: 'message', listener: (event: MessageEvent<unknown>) => void): void;
}

export interface DoorOptions {
  readonly window: DoorWindow;
  readonly address: Pick<EmbedAddress, 'nonce' | 'origin'>;
  /** Of a page that knows the nonce. Once. */
  readonly open: (port: MessagePort) => void;
  /** Told once for each reason, however often it happens. */
  readonly refused: (reason: string) => void;
}

/**
 * Says to the embedding page that the lab is here, and lets one connect that knows the nonce. Everybody else is ignored.
 * Returns what ends it.
 */
export function openDoor({ window, address, open, refused }: DoorOptions): () => void {
  const { parent } = window;
  const { nonce, origin } = address;
  if (!parent || nonce === undefined) return () => {};
  const told = new Set<string>();
  const refuse = (reason: string): void => {
    if (told.has(reason)) return;
    told.add(reason);
    refused(reason);
  };
  const objection = ({ source, origin: from, data, ports }: MessageEvent<Connect>): string | undefined => {
    if (source !== parent) return 'it came from a window that does not embed the lab';
    if (origin !== undefined && from !== origin) return `it came from ${from}, and the lab was made for ${origin}`;
    if (data.nonce !== nonce) return 'it does not know the nonce of the lab';
    if (data.version !== protocolVersion)
      return `it speaks version ${String(data.version)} of the protocol, the lab ${protocolVersion}`;
    return ports.length === 1 ? undefined : `it came with ${ports.length} ports instead of one`;
  };
  const hear = (event: MessageEvent<unknown>): void => {
    if (!isConnect(event)) return;
    const reason = objection(event);
    const [port] = event.ports;
    if (reason !== undefined) refuse(reason);
    else if (port) {
      // Who repeats it later is too late.
      end();
      open(port);
    }
  };
  const end = (): void => window.removeEventListener('message', hear);
  window.addEventListener('message', hear);
  // It says nothing that only the right one may know, so it may be heard by any.
  parent.postMessage({ strata: 'hello', version: protocolVersion } satisfies Hello, '*');
  return end;
}

/** Own properties only: whatever an object inherits was said by nobody. */
function isConnect(event: MessageEvent<unknown>): event is MessageEvent<Connect> {
  const { data } = event;
  return (
    typeof data === 'object' &&
    data !== null &&
    ['strata', 'nonce', 'version'].every((name) => Object.hasOwn(data, name)) &&
    (data as Connect).strata === 'connect'
  );
}
