import fc from 'fast-check';
import { type AgentMessage, maxEntropy, nonceSize, powerKinds } from './agent';
import { serializeIpAddress } from './ip-address';

/** Random messages, for property tests. */

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.nat({ max: 0xffff_ffff });
const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((value) => !value.includes('\0'));
const name = text.filter((value) => value !== '');
const bytes = (maxLength: number, minLength = 0) =>
  fc.uint8Array({ minLength, maxLength }).map((value) => new Uint8Array(value));
const micros = fc.maxSafeNat();
const size = fc.record({ columns: u16, rows: u16 });
const channel = fc.constantFrom(0 as const, 1 as const, 2 as const);
const power = fc.constantFrom(...powerKinds);

const addressOf = (family: 4 | 6) => bytes(family === 4 ? 4 : 16, family === 4 ? 4 : 16).map(serializeIpAddress);
const prefixOf = (family: 4 | 6) =>
  fc.record({ address: addressOf(family), prefix: fc.integer({ min: 0, max: family === 4 ? 32 : 128 }) });
const family = fc.constantFrom(4 as const, 6 as const);
const route = family.chain((each) =>
  fc.record(
    { destination: prefixOf(each), gateway: addressOf(each), metric: fc.integer({ min: 1, max: 0xffff_ffff }) },
    { requiredKeys: ['destination'] },
  ),
);
const network = fc.record(
  {
    interface: fc.oneof(name, fc.integer({ min: 1, max: 0xffff_ffff })),
    mac: bytes(6, 6),
    mtu: fc.integer({ min: 1, max: 0xffff_ffff }),
    up: fc.boolean(),
    addresses: fc.array(family.chain(prefixOf), { maxLength: 5 }),
    routes: fc.array(route, { maxLength: 5 }),
    hostname: name,
    resolvConf: text,
    hosts: text,
  },
  { requiredKeys: ['up', 'addresses', 'routes'] },
);
const program = fc.record(
  {
    argv: fc.array(text, { maxLength: 5 }),
    env: fc.array(text, { maxLength: 5 }),
    cwd: text,
    uid: u32,
    gid: u32,
    terminal: size,
  },
  { requiredKeys: ['argv', 'env', 'cwd', 'uid', 'gid'] },
);

function of<Kind extends AgentMessage['kind'], Fields extends object>(
  kind: Kind,
  fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> },
) {
  return fc.record({ kind: fc.constant(kind), ...fields });
}

export const arbitraryMessage: fc.Arbitrary<AgentMessage> = fc.oneof(
  of('hello', { version: u32, nonce: bytes(nonceSize, nonceSize), window: u32, features: u32, bootId: text }),
  of('goodbye', { power }),
  of('reply', { stream: u32, bytes: bytes(200) }),
  of('error', { stream: u32, errno: u32, text }),
  of('exec', { stream: u32, program }),
  of('data', { stream: u32, channel, bytes: bytes(3000) }),
  of('end', { stream: u32, channel }),
  of('close', { stream: u32, channel }),
  of('credit', { stream: u32, channel, count: u32 }),
  of('resize', { stream: u32, size }),
  of('signal', { stream: u32, signal: u32 }),
  of('exit', { stream: u32, code: u8, signal: u8, errno: u32 }),
  of('ping', { stream: u32, bytes: bytes(200) }),
  of('network', { stream: u32, network }),
  of('clock', { stream: u32, micros }),
  of('entropy', { stream: u32, bytes: bytes(maxEntropy) }),
  of('identity', { stream: u32, identity: fc.record({ micros, entropy: bytes(maxEntropy), network }) }),
  of('stats', { stream: u32, cgroup: text }),
  of('consoleResize', { stream: u32, size }),
  of('powerOff', { stream: u32, power }),
  of('trim', { stream: u32 }),
  of('scanDevices', { stream: u32 }),
) as fc.Arbitrary<AgentMessage>;
