import type { ContainerConfig, ContainerCreateBody, HealthConfig, HostConfig } from '../../api/container';
import { SandboxError } from '../../base/errors';
import { parsePort } from './port-spec';

/** Nanoseconds; docker's least for all times of a health check, 0 being "as the image has it". */
const leastTime = 1_000_000;

const times = ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const;

/**
 * What a container's config cannot be, whether the user says so or the image (moby, daemon/container.go,
 * validateContainerConfig). `InvalidArgument` in docker's words.
 */
export function checkConfig(config: ContainerConfig): void {
  const { WorkingDir = '', Env = [], ExposedPorts = {}, Healthcheck, Hostname = '', Domainname = '' } = config;
  for (const port of Object.keys(ExposedPorts)) parsePort(port);
  if (WorkingDir !== '' && !WorkingDir.startsWith('/')) {
    throw invalid(`the working directory '${WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  for (const entry of Env) {
    if (entry === '' || entry.startsWith('=') || entry.includes('\0')) {
      throw invalid(`invalid environment variable: ${entry}`);
    }
  }
  if (!isLine(Hostname)) throw invalid(`invalid hostname format: ${JSON.stringify(Hostname)}`);
  if (!isLine(Domainname)) throw invalid(`invalid domainname format: ${JSON.stringify(Domainname)}`);
  if (Healthcheck) checkHealth(Healthcheck);
}

function checkHealth(health: HealthConfig): void {
  const [kind = 'NONE'] = health.Test ?? [];
  if (!['', 'NONE', 'CMD', 'CMD-SHELL'].includes(kind)) {
    throw invalid(`Unknown probe type '${kind}' (expected 'CMD')`);
  }
  for (const name of times) {
    const time = health[name] ?? 0;
    if (time !== 0 && time < leastTime) throw invalid(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if ((health.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative');
}

/** What is written into a container's files has one line each; and who names servers names addresses. */
export function checkNames({ Dns = [], DnsSearch = [], DnsOptions = [], ExtraHosts = [] }: HostConfig): void {
  for (const each of Dns) if (!isAddress(each)) throw invalid(`${each} is not an ip address`);
  for (const each of DnsSearch) {
    if (!/^[\w.-]+$/.test(each)) throw invalid(`${JSON.stringify(each)} is not a valid domain`);
  }
  for (const each of DnsOptions) {
    if (!isLine(each) || /\s/.test(each)) throw invalid(`invalid DNS option: ${JSON.stringify(each)}`);
  }
  for (const each of ExtraHosts) {
    const [, name = '', address = ''] = /^([^\s:=]+)[:=](\S+)$/.exec(each) ?? [];
    if (name === '') throw invalid(`bad format for add-host: ${JSON.stringify(each)}`);
    if (address !== 'host-gateway' && !isAddress(address)) {
      throw invalid(`invalid IP address in add-host: ${JSON.stringify(address)}`);
    }
  }
}

/** Docker's words for what contradicts the network mode (moby, runconfig/hostconfig_unix.go); of what the user says alone. */
export function checkNetworkMode({ HostConfig: host = {}, ...config }: ContainerCreateBody): void {
  const { NetworkMode = '' } = host;
  const conflict = (what: string): SandboxError => invalid(`conflicting options: ${what}`);
  if (host.UTSMode === 'host' && config.Hostname) throw conflict('hostname and the UTS mode');
  const ofOther = NetworkMode === 'container' || NetworkMode.startsWith('container:');
  if (config.MacAddress && (ofOther || NetworkMode === 'host')) throw conflict('mac-address and the network mode');
  if (host.Links?.length && (ofOther || NetworkMode === 'host')) {
    const kind = ofOther ? 'container type network' : 'host type networking';
    throw conflict(`${kind} can't be used with links. This would result in undefined behavior`);
  }
  if (!ofOther) return;
  if (!/^container:./.test(NetworkMode)) {
    throw invalid('Invalid network mode: invalid container format container:<name|id>');
  }
  if (config.Hostname) throw conflict('hostname and the network mode');
  if (host.Dns?.length) throw conflict('dns and the network mode');
  if (host.ExtraHosts?.length) throw conflict('custom host-to-IP mapping and the network mode');
  if (Object.keys(host.PortBindings ?? {}).length > 0 || host.PublishAllPorts) {
    throw conflict('port publishing and the container type network mode');
  }
  if (Object.keys(config.ExposedPorts ?? {}).length > 0) {
    throw conflict('port exposing and the container type network mode');
  }
}

/** Lower case, with colons. `InvalidArgument` for what is none, or no station's own. */
export function readMac(text: string): string {
  const mac = text.toLowerCase().replaceAll('-', ':');
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) throw invalid(`invalid MAC address: ${text}`);
  const isGroup = (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
  if (isGroup || mac === '00:00:00:00:00:00') {
    throw invalid(`invalid MAC address: ${text}: no interface can have it, as it is a group's or nobody's`);
  }
  return mac;
}

function isLine(text: string): boolean {
  return ![...text].some((character) => character < ' ' || character === '\x7f');
}

function isAddress(text: string): boolean {
  return /^(\d{1,3}\.){3}\d{1,3}$/.test(text) || (text.includes(':') && /^[0-9a-fA-F:.]+$/.test(text));
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
