import type { UnikernelDevice, UnikernelDeviceType } from '../../api/unikernel';
import { SandboxError } from '../../base/errors';

/** Name of the custom section. */
export const manifestSection = 'solo5.manifest';

/** As in Solo5: a set of handles is 64 bits, and its names are at most so many bytes. */
const maxDevices = 64;
const maxNameBytes = 67;

/** More than 64 devices with the longest names take. */
const maxSectionBytes = 16 * 1024;

const types: ReadonlySet<string> = new Set<UnikernelDeviceType>(['NET_BASIC', 'BLOCK_BASIC']);

/** The devices of a module, from its manifest: Solo5's JSON, version 1. `InvalidArgument` says what is wrong with it. */
export function parseManifest(section: ArrayBuffer): readonly UnikernelDevice[] {
  if (section.byteLength > maxSectionBytes) {
    throw invalid(`it has ${section.byteLength} bytes, more than ${maxSectionBytes}`);
  }
  const { type, version, devices } = asRecord(parseJson(section));
  if (type !== manifestSection) throw invalid(`its type is ${show(type)}, not "${manifestSection}"`);
  if (version !== 1) throw invalid(`its version is ${show(version)}, not 1`);
  if (!Array.isArray(devices)) throw invalid('it has no list of devices');
  if (devices.length > maxDevices) {
    throw invalid(`it declares ${devices.length} devices, at most ${maxDevices} are allowed`);
  }
  const names = new Set<string>();
  return devices.map((device: unknown) => {
    const parsed = parseDevice(asRecord(device));
    if (names.has(parsed.name)) throw invalid(`it declares ${show(parsed.name)} twice`);
    names.add(parsed.name);
    return parsed;
  });
}

function parseDevice({ name, type }: Readonly<Record<string, unknown>>): UnikernelDevice {
  const bytes = typeof name === 'string' ? new TextEncoder().encode(name).length : 0;
  if (typeof name !== 'string' || bytes < 1 || bytes > maxNameBytes || name.includes('\0')) {
    throw invalid(`a device is called ${show(name)}: names have 1 to ${maxNameBytes} bytes`);
  }
  if (typeof type !== 'string' || !types.has(type)) {
    throw invalid(`the device ${show(name)} is of type ${show(type)}, neither NET_BASIC nor BLOCK_BASIC`);
  }
  return { name, type: type as UnikernelDeviceType };
}

function parseJson(section: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(section));
  } catch {
    throw invalid('it is not JSON');
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').slice(0, 80);
}

function invalid(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `The manifest of the module cannot be used: ${what}`);
}
