import { SandboxError } from '../../base/errors';
import { addressNumber } from '../../formats/ip-address';
import {
  type DnsData,
  type DnsMessage,
  type DnsQuestion,
  type DnsRecord,
  dnsClass,
  dnsCode,
  dnsType,
  parseDns,
  plainUdpBytes,
  serializeDns,
} from '../../formats/wire/dns';
import type { GatewayHost, GatewayNetwork } from './gateway-network';

/** Seconds. Names come and go with instances. */
const recordTtl = 10;
const negativeTtl = 5;

/** What we take and send over UDP with EDNS: never fragmented (DNS flag day 2020). */
const ednsBytes = 1232;

/** RFC 1034, 5.3.3: names that stand for each other end somewhere, or nowhere. */
const maxAliases = 8;

const headerBytes = 12;

/** A name with several addresses behind it, told in turn. */
export interface GatewayService {
  readonly name: string;
  readonly addresses: readonly string[];
}

/**
 * Names of another network, for stations of this one that are on it as well: they ask one server alone. Or names of this
 * network that those alone know, before what all know.
 */
export interface FurtherNames {
  /** Of the network; see {@link GatewayNetwork.domain}. */
  readonly domain: string;
  /** Addresses on this network of those who may ask. */
  readonly askers: readonly string[];
  readonly hosts: readonly { readonly name: string; readonly address: string }[];
}

/** A record of the user's own; its name is below the network's domain. */
export type StaticRecord = Pick<DnsRecord, 'name' | 'type' | 'data'>;

export interface ResolverOptions {
  readonly network: GatewayNetwork;
  /** What is said of names that are none of ours: that there are none, or that it is not for us to say. */
  readonly outside: 'nxdomain' | 'refused';
}

type NameRecords = readonly { readonly type: number; readonly data: DnsData }[];

interface Names {
  readonly domain: string;
  readonly names: ReadonlyMap<string, NameRecords>;
  readonly pointers: ReadonlyMap<number, string>;
}

interface Found {
  readonly code: number;
  readonly data: readonly (DnsData & { readonly type: number })[];
}

const inAddrArpa = '.in-addr.arpa';

/**
 * The names of a network: instances, services, records of the user's own, and addresses backwards. A name is known
 * alone ("web") and below the network's domain ("web.default.internal").
 */
export class Resolver {
  readonly #options: ResolverOptions;
  readonly #names = new Map<string, { readonly type: number; readonly data: DnsData }[]>();
  readonly #pointers = new Map<number, string>();
  /** By the address of who asks, in the order in which they are looked through. */
  #further: ReadonlyMap<string, readonly Names[]> = new Map();
  #hosts: readonly GatewayHost[] = [];
  #services: readonly GatewayService[] = [];
  #records: readonly StaticRecord[] = [];
  #turn = 0;

  constructor(options: ResolverOptions) {
    this.#options = options;
    this.#rebuild();
  }

  setHosts(hosts: readonly GatewayHost[]): void {
    this.#hosts = hosts;
    this.#rebuild();
  }

  setServices(services: readonly GatewayService[]): void {
    this.#services = services;
    this.#rebuild();
  }

  setRecords(records: readonly StaticRecord[]): void {
    this.#records = records;
    this.#rebuild();
  }

  setFurther(further: readonly FurtherNames[]): void {
    const byAsker = new Map<string, Names[]>();
    for (const { domain, askers, hosts } of further) {
      const names = new Map<string, { readonly type: number; readonly data: DnsData }[]>();
      const pointers = new Map<number, string>();
      for (const { name, address } of hosts) {
        const key = name.toLowerCase();
        names.set(key, [...(names.get(key) ?? []), { type: dnsType.a, data: { kind: 'address', address } }]);
        pointers.set(addressNumber(address), `${name}.${domain}`);
      }
      for (const asker of askers) byAsker.set(asker, [...(byAsker.get(asker) ?? []), { domain, names, pointers }]);
    }
    this.#further = byAsker;
  }

  /**
   * The answer to what came, no longer than `maxBytes` and than its sender takes. Undefined for what gets none. `asker`: the
   * address that it came from.
   */
  answerBytes(bytes: Uint8Array, transport: 'udp' | 'tcp', asker?: string): Uint8Array<ArrayBuffer> | undefined {
    let query: DnsMessage;
    try {
      query = parseDns(bytes);
    } catch (error) {
      if (error instanceof SandboxError) return formatError(bytes);
      throw error;
    }
    // Answers are not answered, or two servers would talk for ever.
    if (query.response) return undefined;
    const answer = this.answer(query, asker);
    if (transport === 'tcp') return serializeDns(answer);
    const most = query.edns ? Math.min(ednsBytes, Math.max(plainUdpBytes, query.edns.udpBytes)) : plainUdpBytes;
    return serializeDns(answer, most);
  }

  answer(query: DnsMessage, asker?: string): DnsMessage {
    const { edns: asked, ...rest } = query;
    const edns = asked && { udpBytes: ednsBytes, version: 0, dnssecOk: false, options: new Uint8Array(0) };
    const head: DnsMessage = {
      ...rest,
      response: true,
      authoritative: false,
      truncated: false,
      recursionAvailable: true,
      authenticData: false,
      code: dnsCode.noError,
      answers: [],
      authorities: [],
      additionals: [],
      ...(edns && { edns }),
    };
    const [question, ...others] = query.questions;
    if (query.opcode !== 0) return { ...head, questions: [], code: dnsCode.notImplemented };
    if (asked && asked.version > 0) return { ...head, code: dnsCode.badVersion };
    if (!question || others.length > 0) return { ...head, questions: [], code: dnsCode.formatError };
    if (question.class !== dnsClass.internet) return { ...head, code: dnsCode.refused };
    const further = (asker !== undefined && this.#further.get(asker)) || [];
    return this.#answer(head, question, further);
  }

  #answer(head: DnsMessage, question: DnsQuestion, further: readonly Names[]): DnsMessage {
    const answers: DnsRecord[] = [];
    let name = question.name;
    let found = this.#find(name, question.type, further);
    while (found.code === dnsCode.noError) {
      for (const { type, ...data } of found.data) {
        answers.push({ name, type, class: dnsClass.internet, ttl: recordTtl, data: data as DnsData });
      }
      const alias = answers.at(-1);
      if (found.data.length !== 1 || alias?.type !== dnsType.cname || question.type === dnsType.cname) break;
      if (alias.data.kind !== 'name' || answers.length > maxAliases) {
        return { ...head, code: dnsCode.serverFailure };
      }
      name = alias.data.name;
      found = this.#find(name, question.type, further);
    }
    if (found.code === dnsCode.refused) return { ...head, code: dnsCode.refused, answers };
    const authorities = found.data.length === 0 ? [this.#authority()] : [];
    return { ...head, authoritative: true, code: found.code, answers, authorities };
  }

  #find(name: string, type: number, further: readonly Names[]): Found {
    const key = name.toLowerCase();
    if (key.endsWith(inAddrArpa)) return this.#findPointer(key, type, further);
    const { domain } = this.#options.network;
    if (key === domain) return { code: dnsCode.noError, data: this.#apex(type) };
    const inside = key.endsWith(`.${domain}`);
    const local = inside ? key.slice(0, -domain.length - 1) : key;
    const own = further.filter((each) => each.domain === domain);
    const records = findFurther(key, own) ?? this.#names.get(local) ?? findFurther(key, further);
    // A name without a dot is nobody else's either.
    if (!records) return inside || !key.includes('.') ? { code: dnsCode.nameError, data: [] } : this.#outside();
    return { code: dnsCode.noError, data: this.#select(records, type) };
  }

  #select(records: NameRecords, type: number): Found['data'] {
    const alias = records.find((each) => each.type === dnsType.cname);
    const wanted = alias ? [alias] : records.filter((each) => each.type === type || type === dnsType.any);
    if (wanted.length > 1) this.#turn += 1;
    const first = wanted.length > 0 ? this.#turn % wanted.length : 0;
    return [...wanted.slice(first), ...wanted.slice(0, first)].map(({ type, data }) => ({ ...data, type }));
  }

  #findPointer(key: string, type: number, further: readonly Names[]): Found {
    const address = addressOfPointer(key);
    if (address === undefined) return this.#outside();
    const { subnet } = this.#options.network;
    const other = further.map(({ pointers }) => pointers.get(address)).find((each) => each !== undefined);
    const name = this.#pointers.get(address) ?? other;
    if (name === undefined && (address < subnet.base || address > subnet.broadcast)) return this.#outside();
    if (name === undefined) return { code: dnsCode.nameError, data: [] };
    const wanted = type === dnsType.ptr || type === dnsType.any;
    return { code: dnsCode.noError, data: wanted ? [{ kind: 'name', name, type: dnsType.ptr }] : [] };
  }

  #outside(): Found {
    return { code: this.#options.outside === 'refused' ? dnsCode.refused : dnsCode.nameError, data: [] };
  }

  #apex(type: number): Found['data'] {
    const { domain } = this.#options.network;
    const { data } = this.#authority();
    if (type === dnsType.soa) return [{ ...data, type }];
    return type === dnsType.ns ? [{ kind: 'name', name: `gateway.${domain}`, type }] : [];
  }

  /** What says how long it may be remembered that there is nothing (RFC 2308, 3). */
  #authority(): DnsRecord {
    const { domain } = this.#options.network;
    const data: DnsData = {
      kind: 'soa',
      primary: `gateway.${domain}`,
      mailbox: `hostmaster.${domain}`,
      serial: 1,
      refresh: 3600,
      retry: 600,
      expire: 86_400,
      minimum: negativeTtl,
    };
    return { name: domain, type: dnsType.soa, class: dnsClass.internet, ttl: negativeTtl, data };
  }

  /** Names of instances come before services, these before records, and all before the gateway's own. */
  #rebuild(): void {
    const { network } = this.#options;
    this.#names.clear();
    this.#pointers.clear();
    const gateway = { name: 'gateway', address: network.address };
    this.#add([gateway]);
    this.#addRecords();
    this.#add(this.#services.flatMap(({ name, addresses }) => addresses.map((address) => ({ name, address }))));
    this.#add(this.#hosts);
    for (const { name, address } of [gateway, ...this.#hosts]) {
      this.#pointers.set(addressNumber(address), `${name}.${network.domain}`);
    }
  }

  #add(entries: readonly { readonly name: string; readonly address: string }[]): void {
    const mine = new Set<string>();
    for (const { name, address } of entries) {
      const key = name.toLowerCase();
      if (!mine.has(key)) this.#names.delete(key);
      mine.add(key);
      const records = this.#names.get(key) ?? [];
      records.push({ type: dnsType.a, data: { kind: 'address', address } });
      this.#names.set(key, records);
    }
  }

  #addRecords(): void {
    for (const { name, type, data } of this.#records) {
      const key = name.toLowerCase();
      this.#names.set(key, [...(this.#names.get(key) ?? []), { type, data }]);
    }
  }
}

/** A name alone, or below the domain of its network. */
function findFurther(key: string, further: readonly Names[]): NameRecords | undefined {
  for (const { domain, names } of further) {
    const found = names.get(key.endsWith(`.${domain}`) ? key.slice(0, -domain.length - 1) : key);
    if (found) return found;
  }
  return undefined;
}

/** The address in `4.3.2.10.in-addr.arpa` (RFC 1035, 3.5). */
function addressOfPointer(key: string): number | undefined {
  const parts = key.slice(0, -inAddrArpa.length).split('.').reverse();
  try {
    return addressNumber(parts.join('.'));
  } catch {
    return undefined;
  }
}

/** For what cannot be read but has a header that asks something. */
function formatError(bytes: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (bytes.length < headerBytes || ((bytes[2] ?? 0) & 0x80) !== 0) return undefined;
  const answer = new Uint8Array(headerBytes);
  answer.set(bytes.subarray(0, 2));
  answer[2] = 0x80 | ((bytes[2] ?? 0) & 0x79);
  answer[3] = 0x80 | dnsCode.formatError;
  return answer;
}
