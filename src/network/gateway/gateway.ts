import type { DhcpLease, MacAddress, NetworkSpec } from '../../api/network';
import type { HostModule } from '../../api/tender';
import type { Clock } from '../../base/clock';
import type { SandboxError } from '../../base/errors';
import type { Event } from '../../base/events';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import { DhcpLeases, type LeaseStore } from './dhcp-leases';
import { type DhcpEvent, DhcpServer } from './dhcp-server';
import { serveDhcp } from './dhcp-service';
import { dnsPort, serveDns } from './dns-service';
import { egressPort } from './egress-port';
import { type EgressServiceOptions, serveEgress } from './egress-service';
import { enginePort } from './engine-port';
import { type GatewayHost, type GatewayNetwork, gatewayNetwork } from './gateway-network';
import { LwipStack } from './lwip-stack';
import { answerMetadata } from './metadata-server';
import { serveMetadata } from './metadata-service';
import { answerNtp } from './ntp-server';
import { type PortForward, PortForwards, type PortForwardsOptions } from './port-forwards';
import { type FurtherNames, type GatewayService, Resolver, type StaticRecord } from './resolver';
import type { ConnectOptions, Endpoint, TcpConnection } from './sockets';

const ntpPort = 123;

export interface GatewayOptions {
  readonly host: HostModule;
  /** Compiled from images/unikernels/gateway. */
  readonly module: WebAssembly.Module;
  readonly spec: NetworkSpec;
  readonly mac: MacAddress;
  /** The gateway's end of its cable. */
  readonly port: MessagePort;
  readonly leases: LeaseStore;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly tell: (event: DhcpEvent) => void;
  /** Asks the page for what is outside. */
  readonly forward: EgressServiceOptions['forward'];
  /** Speaks the Docker Engine API with a station. */
  readonly serveEngine: (connection: TcpConnection) => void;
  /** Connects with a station of any network, from its gateway. */
  readonly connectStation: PortForwardsOptions['connect'];
  /** What failed and has no other place to be told; the gateway goes on. */
  readonly report: (error: unknown) => void;
}

/** Names and addresses that a gateway gives out. */
export interface GatewayDirectory {
  readonly hosts: readonly GatewayHost[];
  /** Names of other networks that some of the hosts are on, too. */
  readonly further?: readonly FurtherNames[];
  readonly services?: readonly GatewayService[];
  readonly records?: readonly StaticRecord[];
  /** Whether there is a way out, by the proxy. */
  readonly egress?: boolean;
  /** Whether the Docker Engine API is there. */
  readonly engineApi?: boolean;
  /** Ports of the gateway that lead to stations. What the gateway itself serves comes before them. */
  readonly forwards?: readonly PortForward[];
}

/**
 * What answers at the first address of a network: ARP and pings, DHCP, names, the time, metadata; and what connects
 * the page with stations of the network.
 */
export class Gateway implements Disposable {
  readonly network: GatewayNetwork;
  readonly #stack: LwipStack;
  readonly #leases: DhcpLeases;
  readonly #resolver: Resolver;
  readonly #parts = new DisposableStore();
  readonly #openEgress: () => Disposable;
  readonly #openEngine: () => Disposable;
  readonly #forwards: PortForwards;
  #egress: Disposable | undefined;
  #engine: Disposable | undefined;
  #byAddress: ReadonlyMap<string, GatewayHost> = new Map();

  private constructor(options: GatewayOptions, leases: DhcpLeases, network: GatewayNetwork) {
    const { clock, connectStation, forward, host, mac, module, port, randomBytes, report, serveEngine, spec, tell } =
      options;
    this.network = network;
    this.#leases = leases;
    this.#resolver = new Resolver({ network, outside: 'nxdomain' });
    const { address, subnet } = network;
    const nic = { mac, mtu: spec.mtu, port };
    this.#stack = this.#parts.add(
      new LwipStack({ host, module, nic, address, prefixLength: subnet.prefixLength, clock }),
    );
    const sockets = this.#stack;
    const server = new DhcpServer({ network, leases, tell });
    this.#parts.add(serveDhcp({ sockets, server, mac, address, failed: report }));
    this.#parts.add(serveDns({ sockets, clock, resolver: this.#resolver }));
    this.#openEgress = () => serveEgress({ sockets, clock, address, forward });
    this.#openEngine = () => sockets.listen(enginePort, serveEngine, address);
    this.#forwards = this.#parts.add(new PortForwards({ sockets, address, connect: connectStation, report }));
    this.#parts.add(serveNtp(sockets, clock));
    this.#parts.add(
      serveMetadata({
        sockets,
        clock,
        answer: (request, asking) =>
          answerMetadata(request, { network, host: this.#byAddress.get(asking), address: asking, randomBytes }),
      }),
    );
  }

  /** Throws what keeps its module from being begun, or its leases from being read. */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const network = gatewayNetwork(options.spec);
    const leases = new DhcpLeases(network, options.leases, options.clock);
    await leases.open();
    return new Gateway(options, leases, network);
  }

  /** Fires when its module has come to its end; it is of no use any more. */
  get failed(): Event<SandboxError> {
    return this.#stack.failed;
  }

  setDirectory(directory: GatewayDirectory): void {
    const {
      hosts,
      further = [],
      services = [],
      records = [],
      egress = false,
      engineApi = false,
      forwards = [],
    } = directory;
    this.#byAddress = new Map(hosts.map((host) => [host.address, host]));
    this.#leases.setHosts(hosts);
    this.#resolver.setHosts(hosts);
    this.#resolver.setFurther(further);
    this.#resolver.setServices(services);
    this.#resolver.setRecords(records);
    const own = new Set([dnsPort, ...(egress ? [egressPort] : []), ...(engineApi ? [enginePort] : [])]);
    const others = forwards.filter(({ port }) => !own.has(port));
    // First, as one of them may have the port of a service that begins now.
    this.#forwards.keep(others);
    if (egress) this.#egress ??= this.#openEgress();
    else {
      this.#egress?.dispose();
      this.#egress = undefined;
    }
    if (engineApi) this.#engine ??= this.#openEngine();
    else {
      this.#engine?.dispose();
      this.#engine = undefined;
    }
    this.#forwards.open(others);
  }

  /** Leases that hold now. */
  get leases(): readonly DhcpLease[] {
    return this.#leases.list();
  }

  /** A TCP connection to a station of the network, from the gateway's address. */
  connect(to: Endpoint, options?: ConnectOptions): Promise<TcpConnection> {
    return this.#stack.connect(to, options);
  }

  /** Takes another cable: the switch had to be started again. */
  renew(port: MessagePort): void {
    this.#stack.renew(port);
  }

  dispose(): void {
    this.#egress?.dispose();
    this.#engine?.dispose();
    this.#parts.dispose();
  }
}

function serveNtp(sockets: LwipStack, clock: Clock): Disposable {
  const udp = sockets.bindUdp(ntpPort);
  const listener = udp.received(({ from, to, bytes }) => {
    const answer = answerNtp(bytes, clock);
    if (answer) udp.send(answer, from, to);
  });
  return {
    dispose() {
      listener.dispose();
      udp.dispose();
    },
  };
}
