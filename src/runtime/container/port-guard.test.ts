import { describe, expect, it } from 'vitest';
import { toHex } from '../../base/bytes';
import { SandboxError } from '../../base/errors';
import { parseIpAddress } from '../../formats/ip-address';
import { parseMacAddress } from '../../formats/mac-address';
import { type GuardedPort, PortGuard, portName } from './port-guard';

const port = (last: number) => ({ bridge: 'br0', mac: `02:42:0a:00:00:0${last}`, address: `10.0.0.${last}` });

const hexOf = (text: string) => toHex(new TextEncoder().encode(text));

/** A port's name as it is in a set, and what it may claim behind it. */
const claim = (of: GuardedPort, bytes: Uint8Array) => hexOf(portName(of).padEnd(16, '\0')) + toHex(bytes);

/** A host, and what its kernel and its list were told. */
function scriptedHost({ refuses = false, unwritten = 0 } = {}) {
  const messages: string[] = [];
  const lists: string[] = [];
  const runtime = {
    async call(call: string, parameters: Readonly<Record<string, unknown>> = {}) {
      if (call === 'netlink') messages.push(String(parameters['messages']));
      else if (lists.length === 0 && unwritten > 0) {
        unwritten -= 1;
        throw new SandboxError('Unavailable', 'It died');
      } else lists.push((parameters['files'] as Readonly<Record<string, string>>)['guarded-ports'] ?? '');
      if (refuses) throw new SandboxError('InvalidArgument', 'netlink: Invalid argument');
    },
  };
  return { messages, lists, guard: new PortGuard(runtime) };
}

describe('the guard of the ports of a host', () => {
  it('names a port after all that it may claim, in at most 15 characters', () => {
    const names = [port(2), port(3), { ...port(2), bridge: 'br1' }, { ...port(2), mac: '02:5e:00:00:00:01' }].map(
      portName,
    );
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^veth-[0-9a-f]{8}$/);
    expect(portName(port(2))).toBe(names[0]);
  });

  it('lets a port through with its neighbours’ at once, and none of them again', async () => {
    const { guard, messages, lists } = scriptedHost();
    await guard.admit([port(2)]);
    await Promise.all([guard.admit([port(2)]), guard.admit([port(3), port(7)])]);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(claim(port(2), parseMacAddress(port(2).mac)));
    expect(messages[0]).toContain(claim(port(7), parseIpAddress(port(7).address)));
    expect(lists[0]?.split('\n')).toContain(portName(port(7)));
    await guard.admit([port(8)]);
    expect(messages).toHaveLength(2);
    expect(lists[1]?.split('\n')).toEqual(expect.arrayContaining([portName(port(7)), portName(port(8))]));
  });

  it('writes down what is let through when that could not be done before', async () => {
    const { guard, messages, lists } = scriptedHost({ unwritten: 1 });
    await expect(guard.admit([port(2)])).rejects.toMatchObject({ code: 'Unavailable' });
    expect(lists).toEqual([]);
    await guard.admit([port(2)]);
    expect([messages.length, lists.length]).toEqual([1, 1]);
    expect(lists[0]?.split('\n')).toContain(portName(port(2)));
    await guard.admit([port(2)]);
    expect(lists).toHaveLength(1);
  });

  it('makes its rules with the first port, and leaves them as they are with others', async () => {
    const { guard, messages } = scriptedHost();
    await guard.admit([port(2)]);
    await guard.admit([port(8)]);
    expect(messages.map((each) => each.includes(hexOf('dhcp-guard')))).toEqual([true, false]);
  });

  it.each([
    ['what servers of DHCP send', 'source', 67],
    ['what is sent to clients of DHCP', 'destination', 68],
    ['what servers of DHCPv6 send', 'source', 547],
    ['what is sent to clients of DHCPv6', 'destination', 546],
  ] as const)('has a rule for %s', async (_, end, number) => {
    const { guard, messages } = scriptedHost();
    await guard.admit([port(2)]);
    // Two bytes of the transport's header into the register, and what they are compared with.
    const loaded = `08000200000000020800030000000${end === 'source' ? '000' : '002'}0800040000000002`;
    const compared = `06000100${number.toString(16).padStart(4, '0')}0000`;
    expect(messages[0]).toMatch(new RegExp(`${loaded}[0-9a-f]{1,99}${compared}`));
  });

  it('lets a port with a MAC of the user’s through by itself', async () => {
    const { guard, messages, lists } = scriptedHost();
    const own = { ...port(2), mac: '02:5e:00:00:00:01' };
    await guard.admit([own]);
    expect(messages[0]?.split(hexOf(portName(own)))).toHaveLength(4);
    expect(lists).toEqual([`${portName(own)}\n`]);
  });

  it('knows what the page before has let through', async () => {
    const { guard, messages } = scriptedHost();
    guard.restore(`${portName(port(2))}\n`);
    await guard.admit([port(2)]);
    expect(messages).toEqual([]);
  });

  it('lets a port through no more that is withdrawn, and again when it comes back', async () => {
    const { guard, messages, lists } = scriptedHost();
    const own = { ...port(2), mac: '02:5e:00:00:00:01' };
    await guard.admit([own]);
    expect(guard.has(own)).toBe(true);
    await guard.withdraw(own);
    expect(guard.has(own)).toBe(false);
    expect(messages[1]).toContain(claim(own, parseIpAddress(own.address)));
    expect(lists.at(-1)).toBe('');
    await guard.admit([own]);
    expect(messages).toHaveLength(3);
  });

  it('lets nobody through when the kernel refuses it, and tries again', async () => {
    const { guard, messages, lists } = scriptedHost({ refuses: true });
    await expect(guard.admit([port(2)])).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(guard.admit([port(2)])).rejects.toThrow(
      'The ports of the host cannot be guarded: netlink: Invalid argument',
    );
    expect(messages).toHaveLength(2);
    expect(lists).toEqual([]);
  });
});
