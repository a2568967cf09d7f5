import type { AppConnection, AppNic, AppSockets } from '../api/app-network';
import type { HostModule } from '../api/tender';
import { type Clock, delay } from '../base/clock';
import type { Disposable } from '../base/lifecycle';
import { type DnsMessage, dnsClass, dnsCode, dnsType, parseDns, serializeDns } from '../formats/wire/dns';
import { LwipStack } from './gateway/lwip-stack';
import type { Endpoint } from './gateway/sockets';

/** How often a name is asked for, and how long an answer is waited for, milliseconds. */
const tries = 3;
const answerMs = 1000;

const dnsPort = 53;

export interface AppStationOptions {
  readonly host: HostModule;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** A station of a network for one app: the gateways' TCP/IP stack at an address of its own. */
export class AppStation implements AppSockets {
  readonly address: string;
  readonly #nic: AppNic;
  readonly #options: AppStationOptions;
  readonly #stack: LwipStack;

  constructor(nic: AppNic, options: AppStationOptions) {
    const { mac, mtu, port, address, prefixLength, stack } = nic;
    this.#nic = nic;
    this.#options = options;
    this.address = address;
    const { host, clock } = options;
    this.#stack = new LwipStack({ host, clock, module: stack, nic: { mac, mtu, port }, address, prefixLength });
  }

  connect(to: Endpoint): Promise<AppConnection> {
    return this.#stack.connect(to);
  }

  listen(port: number, accept: (connection: AppConnection) => void): Disposable {
    return this.#stack.listen(port, accept);
  }

  async resolve(name: string): Promise<readonly string[]> {
    const { gateway } = this.#nic;
    if (!gateway) return [];
    for (const asked of name.includes('.') ? [name] : [`${name}.${gateway.domain}`, name]) {
      const found = await this.#ask(asked, gateway.address);
      if (found.length > 0) return found;
    }
    return [];
  }

  renew(port: MessagePort): void {
    this.#stack.renew(port);
  }

  dispose(): void {
    this.#stack.dispose();
  }

  async #ask(name: string, server: string): Promise<readonly string[]> {
    const [high = 0, low = 0, portHigh = 0, portLow = 0] = this.#options.randomBytes(4);
    const id = high * 256 + low;
    const socket = this.#stack.bindUdp(49_152 + ((portHigh * 256 + portLow) % 16_384));
    const answered = new AbortController();
    let found: readonly string[] = [];
    socket.received(({ from, bytes }) => {
      if (from.address !== server || from.port !== dnsPort) return;
      try {
        const answer = parseDns(bytes);
        if (answer.id !== id || !answer.response) return;
        if (answer.code === dnsCode.noError) {
          found = answer.answers.flatMap(({ data }) => (data.kind === 'address' ? [data.address] : []));
        }
        answered.abort();
      } catch {
        // Not what was asked for; the next one may be.
      }
    });
    try {
      const question = serializeDns(query(id, name));
      for (let tried = 0; tried < tries && !answered.signal.aborted; tried += 1) {
        socket.send(question, { address: server, port: dnsPort }, this.address);
        await delay(this.#options.clock, answerMs, answered.signal);
      }
      return found;
    } finally {
      socket.dispose();
    }
  }
}

function query(id: number, name: string): DnsMessage {
  return {
    id,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    code: dnsCode.noError,
    questions: [{ name, type: dnsType.a, class: dnsClass.internet }],
    answers: [],
    authorities: [],
    additionals: [],
  };
}
