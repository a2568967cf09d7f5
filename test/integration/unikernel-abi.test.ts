import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DiskId } from '../../src/api/disk';
import type { InstanceState } from '../../src/api/instance';
import type { UnikernelSpec } from '../../src/api/unikernel';
import { BlockPortClient } from '../../src/rpc/block-port';
import type { UnikernelInstance } from '../../src/runtime/unikernel/unikernel-instance';
import { assemble, block, data, guest, net, never, withSection } from '../support/guest-modules';
import { ConsoleReader } from '../support/node-lab';
import { createTenderLab, type TenderLab } from '../support/tender-lab';

/** Results of calls; guests here end with 100 + what they got. */
const [ok, again, invalid] = [100, 101, 102];

/** Ends in its first turn with 100 + the result of a call. */
const endsWith = (call: string): string => `(call $exit (i32.add (i32.const 100) ${call})) (unreachable)`;

const acquireNet = (name = 1024): string => `(call $net_acquire (i32.const ${name}) (i32.const 0) (i32.const 16))`;
const acquireBlock = `(call $block_acquire (i32.const 1024) (i32.const 0) (i32.const 16))`;
const say = (at: number, length: number): string => `(call $console_write (i32.const ${at}) (i32.const ${length}))`;
/** A broadcast at 2048, and its sender's address put into it, which net_acquire has written to 16. */
const broadcast = '(data (i32.const 2048) "\\ff\\ff\\ff\\ff\\ff\\ff\\00\\00\\00\\00\\00\\00\\88\\b5")';
const signFrame = '(memory.copy (i32.const 2054) (i32.const 16) (i32.const 6))';
/** Runs on for ever. */
const spins = '(loop $l (br $l))';

/** Resolves with the state when the instance has come to an end. */
function ended({ state, states }: UnikernelInstance): Promise<InstanceState> {
  const isEnd = ({ phase }: InstanceState): boolean => phase === 'stopped' || phase === 'failed';
  if (isEnd(state)) return Promise.resolve(state);
  return new Promise((resolve) => {
    const listening = states((next) => {
      if (!isEnd(next)) return;
      listening.dispose();
      resolve(next);
    });
  });
}

const refusedModules: readonly [string, () => Uint8Array, RegExp][] = [
  ['is not WebAssembly', () => new TextEncoder().encode('#!/bin/sh\necho hello'), /does not begin as WebAssembly/],
  ['is empty', () => new Uint8Array(0), /does not begin as WebAssembly/],
  ['is cut off', () => guest({}).slice(0, 40), /is cut off/],
  ['is damaged', () => damaged(guest({})), /Not a module that can be run/],
  [
    'imports what the ABI does not have',
    () =>
      withSection(
        assemble('(module (import "env" "fetch" (func)) (memory (export "memory") 1))'),
        'solo5.manifest',
        manifestOf([]),
      ),
    /imports env\.fetch \(function\)/,
  ],
  [
    'imports a call that Solo5 does not have',
    () =>
      withSection(
        assemble('(module (import "solo5" "net_poll" (func)) (memory (export "memory") 1))'),
        'solo5.manifest',
        manifestOf([]),
      ),
    /imports solo5\.net_poll/,
  ],
  [
    'imports a memory',
    () => withSection(assemble('(module (import "env" "memory" (memory 1)))'), 'solo5.manifest', manifestOf([])),
    /defines 0 memories/,
  ],
  ['does not export its memory', () => guest({ memory: '(memory 1)' }), /does not export its memory/],
  [
    'has no entry',
    () =>
      withSection(
        assemble('(module (memory (export "memory") 1) (func (export "solo5_app_init") (result i32) (i32.const 0)))'),
        'solo5.manifest',
        manifestOf([]),
      ),
    /exports neither solo5_app_main nor solo5_app_poll/,
  ],
  [
    'has no manifest',
    () => assemble('(module (memory (export "memory") 1) (func (export "solo5_app_main")))'),
    /has no manifest/,
  ],
  ['has two manifests', () => withSection(guest({}), 'solo5.manifest', manifestOf([])), /has 2 manifests/],
  ['has a manifest that is not JSON', () => guest({ manifest: '{devices' }), /is not JSON/],
  ['has a manifest of another type', () => guest({ manifest: '{"type":"x","version":1,"devices":[]}' }), /type is "x"/],
  [
    'has a manifest of another version',
    () => guest({ manifest: '{"type":"solo5.manifest","version":2,"devices":[]}' }),
    /version is 2/,
  ],
  [
    'declares too many devices',
    () => guest({ devices: Array.from({ length: 65 }, (_, index) => net(`net${index}`)) }),
    /declares 65 devices, at most 64/,
  ],
  ['declares a device twice', () => guest({ devices: [net('a'), block('a')] }), /declares "a" twice/],
  ['declares a device without a name', () => guest({ devices: [net('')] }), /names have 1 to 67 bytes/],
  ['declares a name that is too long', () => guest({ devices: [net('n'.repeat(68))] }), /names have 1 to 67 bytes/],
  ['declares a type that is none', () => guest({ devices: [{ name: 'a', type: 'GPU' }] }), /of type "GPU"/],
  ['has a shared memory', () => guest({ memory: '(memory (export "memory") 1 2 shared)' }), /shared/],
];

function manifestOf(devices: readonly unknown[]): string {
  return JSON.stringify({ type: 'solo5.manifest', version: 1, devices });
}

/** Whole sections, with nonsense in the code. */
function damaged(module: Uint8Array): Uint8Array {
  const broken = module.slice();
  const code = broken.lastIndexOf(0x0b);
  broken[code - 1] = 0xff;
  return broken;
}

describe.each(['one process', 'threads'] as const)('a unikernel, in %s', (where) => {
  let lab: TenderLab;
  // One for all: a worker takes a second to load here, and what one guest does must not matter to the next.
  beforeAll(() => {
    lab = createTenderLab(where);
  });
  afterAll(() => lab.dispose());

  /** Starts a guest and resolves with how it ended. */
  const run = async (module: Uint8Array, change: Partial<UnikernelSpec> = {}, disks: readonly DiskId[] = []) => {
    const name = change.name ?? 'tiny';
    const instance = lab.make(module, change, lab.wire.station(name, { disks }));
    await instance.start();
    return ended(instance);
  };
  const codeOf = async (module: Uint8Array, ...rest: [Partial<UnikernelSpec>?, (readonly DiskId[])?]) =>
    (await run(module, ...rest)).exit?.code;

  it.each(refusedModules)('is refused before it starts when its module %s', async (_what, module, message) => {
    const instance = lab.make(module());
    await expect(instance.start()).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringMatching(message),
    });
    expect(instance.state.phase).toBe('failed');
  });

  it('is refused when it has fewer devices than its module declares', async () => {
    const instance = lab.make(guest({ devices: [net('a'), net('b')] }));
    await expect(instance.start()).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringMatching(/asks for 2 network cards \(a, b\), and there are 1/),
    });
  });

  it.each<[string, string, number]>([
    ['a device that is declared', acquireNet(), ok],
    ['a device that is not declared', acquireNet(1100), invalid],
    ['a device of another type', acquireBlock, invalid],
    ['a device for the second time', `(i32.or ${acquireNet()} ${acquireNet()})`, invalid],
    ['a device whose name has no end', acquireNet(65_530), invalid],
    ['a device by a name outside of its memory', acquireNet(-1), invalid],
  ])('acquires %s and is told', async (_what, call, expected) => {
    const more = `${data(1024, 'service')} ${data(1100, 'other')} ${data(65_530, 'servic')}`.replace(
      'servic\\00',
      'servic',
    );
    expect(await codeOf(guest({ devices: [net('service')], more, poll: endsWith(call) }))).toBe(expected);
  });

  it.each<[string, string]>([
    ['a handle outside of its memory', '(call $net_acquire (i32.const 1024) (i32.const 65532) (i32.const 16))'],
    ['information outside of its memory', '(call $net_acquire (i32.const 1024) (i32.const 0) (i32.const -4))'],
    ['random bytes outside of its memory', '(call $random (i32.const 65000) (i32.const 1000))'],
    ['more random bytes than there are at once', '(call $random (i32.const 0) (i32.const 65537))'],
    [
      'a frame from a device that it does not have',
      '(call $net_read (i64.const 0) (i32.const 0) (i32.const 2000) (i32.const 4000))',
    ],
    [
      'a frame from a handle that is none',
      '(call $net_read (i64.const -1) (i32.const 0) (i32.const 2000) (i32.const 4000))',
    ],
    [
      'a frame into too small a buffer',
      `(i32.or ${acquireNet()} (call $net_read (i64.const 0) (i32.const 0) (i32.const 1513) (i32.const 4000)))`,
    ],
    [
      'a frame beyond its memory',
      `(i32.or ${acquireNet()} (call $net_read (i64.const 0) (i32.const 65000) (i32.const 1514) (i32.const 4000)))`,
    ],
    [
      'a frame to be sent from beyond its memory',
      `(i32.or ${acquireNet()} (call $net_write (i64.const 0) (i32.const 65530) (i32.const 60)))`,
    ],
    [
      'a frame shorter than a header',
      `(i32.or ${acquireNet()} (call $net_write (i64.const 0) (i32.const 0) (i32.const 13)))`,
    ],
    ['a flush of a network device', `(i32.or ${acquireNet()} (call $block_flush (i64.const 0) (i32.const 0)))`],
  ])('asks for %s and is told that it is invalid', async (_what, call) => {
    const module = guest({ devices: [net('service')], more: data(1024, 'service'), poll: endsWith(call) });
    expect(await codeOf(module)).toBe(invalid);
  });

  it('is told that there is no frame', async () => {
    const call = `(i32.or ${acquireNet()} (call $net_read (i64.const 0) (i32.const 0) (i32.const 1514) (i32.const 4000)))`;
    expect(await codeOf(guest({ devices: [net('service')], more: data(1024, 'service'), poll: endsWith(call) }))).toBe(
      again,
    );
  });

  it.each<[string, string]>([
    ['console_write', say(65_530, 100)],
    ['arguments', '(drop (call $arguments (i32.const 65530) (i32.const 100)))'],
    ['config_read', '(drop (call $config_read (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 100)))'],
  ])('ends when it calls %s with a bad pointer, which has no result to tell', async (call, body) => {
    const state = await run(guest({ poll: `${body} ${never}` }));
    expect(state).toMatchObject({
      phase: 'failed',
      error: {
        code: 'Aborted',
        message: expect.stringContaining(`${call} was called with a buffer outside of the memory`),
      },
    });
  });

  it.each<[string, string, number]>([
    ['reads a block', '(call $block_read (i64.const 0) (i64.const 512) (i32.const 2048) (i32.const 512))', ok],
    ['reads half a block', '(call $block_read (i64.const 0) (i64.const 0) (i32.const 2048) (i32.const 256))', invalid],
    ['reads two blocks', '(call $block_read (i64.const 0) (i64.const 0) (i32.const 2048) (i32.const 1024))', invalid],
    [
      'reads from between blocks',
      '(call $block_read (i64.const 0) (i64.const 100) (i32.const 2048) (i32.const 512))',
      invalid,
    ],
    [
      'reads the last block',
      '(call $block_read (i64.const 0) (i64.const 1048064) (i32.const 2048) (i32.const 512))',
      ok,
    ],
    [
      'reads beyond the end',
      '(call $block_read (i64.const 0) (i64.const 1048576) (i32.const 2048) (i32.const 512))',
      invalid,
    ],
    [
      'reads from a negative offset',
      '(call $block_read (i64.const 0) (i64.const -512) (i32.const 2048) (i32.const 512))',
      invalid,
    ],
    ['reads into nowhere', '(call $block_read (i64.const 0) (i64.const 0) (i32.const 65300) (i32.const 512))', invalid],
    ['writes a block', '(call $block_write (i64.const 0) (i64.const 0) (i32.const 2048) (i32.const 512))', ok],
    [
      'writes beyond the end',
      '(call $block_write (i64.const 0) (i64.const 1048576) (i32.const 2048) (i32.const 512))',
      invalid,
    ],
    [
      'writes what is not there',
      '(call $block_write (i64.const 0) (i64.const 0) (i32.const 65535) (i32.const 512))',
      invalid,
    ],
  ])('%s and is told', async (_what, call, expected) => {
    const { id } = await lab.wire.disks.create({ sizeMiB: 1 });
    const poll = endsWith(`(i32.or ${acquireBlock} ${call})`);
    const module = guest({ devices: [block('data')], more: data(1024, 'data'), poll });
    expect(await codeOf(module, { disks: [{ sizeMiB: 1 }] }, [id])).toBe(expected);
  });

  it('cannot write to a disk that is read-only', async () => {
    const { id } = await lab.wire.disks.create({ sizeMiB: 1 });
    const write = '(call $block_write (i64.const 0) (i64.const 0) (i32.const 1024) (i32.const 512))';
    const poll = endsWith(`(i32.or ${acquireBlock} ${write})`);
    const module = guest({ devices: [block('data')], more: data(1024, 'data'), poll });
    expect(await codeOf(module, { disks: [{ sizeMiB: 1, readOnly: true }] }, [id])).toBe(invalid);
    expect(await readBlock(id)).toEqual(new Uint8Array(512));
  });

  it('has what it flushed on its disk, and finds it again', async () => {
    const { id } = await lab.wire.disks.create({ sizeMiB: 1 });
    // Writes and flushes in its first turn, and ends when the flush is over.
    const writer = guest({
      devices: [block('data')],
      more: data(1024, 'data'),
      init: `(drop ${acquireBlock})
        (drop (call $block_write (i64.const 0) (i64.const 1024) (i32.const 1024) (i32.const 512)))
        (call $block_flush (i64.const 0) (i32.const 64))`,
      poll: `(drop (call $block_flushed (i64.const 0) (i32.const 72)))
        (if (i64.eq (i64.load (i32.const 64)) (i64.load (i32.const 72))) (then (call $exit (i32.const 42))))
        ${never}`,
    });
    expect(await codeOf(writer, { disks: [{ sizeMiB: 1 }] }, [id])).toBe(42);
    expect(new TextDecoder().decode((await readBlock(id, 1024)).subarray(0, 4))).toBe('data');
    const reader = guest({
      devices: [block('data')],
      more: data(1024, 'data'),
      poll: `(drop ${acquireBlock})
        (drop (call $block_read (i64.const 0) (i64.const 1024) (i32.const 2048) (i32.const 512)))
        ${say(2048, 4)} (call $exit (i32.const 0)) (unreachable)`,
    });
    const instance = lab.make(reader, { disks: [{ sizeMiB: 1 }] }, lab.wire.station('reader', { disks: [id] }));
    const console = new ConsoleReader(instance);
    await instance.start();
    await console.until('data');
  });

  const readBlock = async (id: DiskId, offset = 0): Promise<Uint8Array> => {
    await lab.wire.disks.close(id);
    const client = new BlockPortClient(await lab.wire.disks.open(id));
    try {
      return await client.read(offset, 512);
    } finally {
      await client.close();
    }
  };

  it('keeps what it had written when it is stopped', async () => {
    const { id } = await lab.wire.disks.create({ sizeMiB: 1 });
    const module = guest({
      devices: [block('data')],
      more: data(1024, 'data'),
      init: `(drop ${acquireBlock}) (call $block_write (i64.const 0) (i64.const 0) (i32.const 1024) (i32.const 512))`,
    });
    const instance = lab.make(module, { disks: [{ sizeMiB: 1 }] }, lab.wire.station('kept', { disks: [id] }));
    await instance.start();
    await expect(instance.stop(5000)).resolves.toEqual({ code: 0, reason: 'Stopped' });
    expect(new TextDecoder().decode((await readBlock(id)).subarray(0, 4))).toBe('data');
  });

  it.each([0, 1, 7, 255])('ends with exit code %d', async (code) => {
    const state = await run(guest({ poll: `(call $exit (i32.const ${code})) (unreachable)` }));
    expect(state).toMatchObject({ phase: 'stopped', exit: { code } });
  });

  it('does not start when its init returns a status', async () => {
    const instance = lab.make(guest({ init: '(i32.const 3)' }));
    await expect(instance.start()).rejects.toMatchObject({ message: expect.stringContaining('exited with status 3') });
    expect(instance.state).toMatchObject({ phase: 'stopped', exit: { code: 3 } });
  });

  it('has run well when it ends with 0 while it begins', async () => {
    const instance = lab.make(guest({ init: '(call $exit (i32.const 0)) (unreachable)' }));
    await instance.start();
    expect(instance.state).toMatchObject({ phase: 'stopped', exit: { code: 0 } });
  });

  it('says why it aborted', async () => {
    const module = guest({ more: data(0, 'all is lost\\n'), poll: `${say(0, 12)} (call $abort) (unreachable)` });
    const state = await run(module);
    expect(state).toMatchObject({ phase: 'failed', exit: { code: 134 } });
    expect(state.error?.message).toBe('The unikernel aborted: all is lost');
  });

  it.each<[string, string]>([
    ['unreachable', '(unreachable)'],
    ['divide by zero', '(drop (i32.div_s (i32.const 1) (i32.const 0)))'],
    ['memory access out of bounds', '(drop (i32.load (i32.const 70000)))'],
    ['Maximum call stack size exceeded', '(call $deep)'],
  ])('fails alone when it traps: %s', async (message, body) => {
    const neighbour = lab.make(guest({}));
    await neighbour.start();
    const state = await run(guest({ more: '(func $deep (call $deep) (call $deep))', poll: `${body} ${never}` }));
    expect(state).toMatchObject({
      phase: 'failed',
      exit: { code: 139 },
      error: { message: expect.stringContaining(message) },
    });
    await expect(neighbour.ping()).resolves.toBeUndefined();
  });

  it('has ended though it catches what ends it', async () => {
    const poll = `(try (do (call $exit (i32.const 9))) (catch_all)) ${never}`;
    expect(await codeOf(guest({ poll }))).toBe(9);
  });

  it('does not wait where it is polled', async () => {
    const state = await run(guest({ poll: `(call $yield (i64.const 0) (i32.const 0)) ${never}` }));
    expect(state.error?.message).toMatch(/yield was called with a poll under way/);
  });

  it.each<[string, number, string, number]>([
    ['grows to its ceiling', 2, '(memory.grow (i32.const 31))', 101],
    ['does not grow beyond its ceiling', 2, '(memory.grow (i32.const 32))', 99],
    ['does not grow to 4 GB', 1024, '(memory.grow (i32.const 65535))', 99],
  ])('%s', async (_what, memoryMiB, call, expected) => {
    expect(await codeOf(guest({ poll: endsWith(call) }), { memoryMiB })).toBe(expected);
  });

  it('keeps the lower ceiling of its own', async () => {
    const memory = '(memory (export "memory") 1 2)';
    expect(await codeOf(guest({ memory, poll: endsWith('(memory.grow (i32.const 2))') }))).toBe(99);
  });

  it('is refused when it needs more memory than it may have', async () => {
    const instance = lab.make(guest({ memory: '(memory (export "memory") 65536)' }));
    await expect(instance.start()).rejects.toMatchObject({
      code: 'ResourceExhausted',
      message: 'The module needs 4096 MiB of memory from the start and may have 1: give it more',
    });
  });

  it('cannot fill the host through its table', async () => {
    const more = '(table $t 1 funcref)';
    const poll = endsWith('(table.grow $t (ref.null func) (i32.const 1000000))');
    expect(await codeOf(guest({ more, poll }))).toBe(99);
  });

  it('has its frames refused that are longer than the MTU and a header', async () => {
    const send = (size: number): string => `(call $net_write (i64.const 0) (i32.const 2048) (i32.const ${size}))`;
    const more = data(1024, 'service');
    const longest = guest({
      devices: [net('service')],
      more,
      poll: endsWith(`(i32.or ${acquireNet()} ${send(1514)})`),
    });
    expect(await codeOf(longest)).toBe(ok);
    const init = `(drop ${acquireNet()}) (i32.sub ${send(1515)} (i32.const 2))`;
    const instance = lab.make(guest({ devices: [net('service')], more, init }));
    await instance.start();
    expect((await instance.stats()).tender).toMatchObject({ refusedFrames: 1 });
  });

  it('sends frames that another one gets, those of its beginning once it is up', async () => {
    const receiver = lab.make(
      guest({
        devices: [net('service')],
        more: data(1024, 'service'),
        init: acquireNet(),
        poll: `(if (i64.eq (local.get $ready) (i64.const 1)) (then
            (drop (call $net_read (i64.const 0) (i32.const 2048) (i32.const 1514) (i32.const 64)))
            (call $exit (i32.load (i32.const 64)))))
          ${never}`,
      }),
      { name: 'receiver' },
    );
    await receiver.start();
    const sender = lab.make(
      guest({
        devices: [net('service')],
        more: `${data(1024, 'service')} ${broadcast}`,
        init: `(drop ${acquireNet()}) ${signFrame} (call $net_write (i64.const 0) (i32.const 2048) (i32.const 99))`,
      }),
      { name: 'sender' },
    );
    await sender.start();
    expect(await ended(receiver)).toMatchObject({ phase: 'stopped', exit: { code: 99 } });
    expect((await sender.stats()).network).toMatchObject({ txPackets: 1, txBytes: 99 });
  });

  it('floods, is told when there is no room, and takes no turn from its neighbour', async () => {
    const flooder = lab.make(
      guest({
        devices: [net('service')],
        more: `${data(1024, 'service')} ${broadcast}`,
        init: `${acquireNet()} ${signFrame}`,
        // As much as is taken in each turn, and at once the next; the word at 64 is 1 once it was refused.
        poll: `(loop $more
            (i32.store (i32.const 64) (call $net_write (i64.const 0) (i32.const 2048) (i32.const 64)))
            (br_if $more (i32.eqz (i32.load (i32.const 64)))))
          (i64.const 0)`,
      }),
      { name: 'flooder' },
    );
    const neighbour = lab.make(guest({ poll: '(i64.const 0)' }), { name: 'neighbour' });
    await neighbour.start();
    await flooder.start();
    const before = (await neighbour.stats()).tender?.turns ?? 0;
    while (((await flooder.stats()).network.txPackets ?? 0) < 5000);
    expect(((await neighbour.stats()).tender?.turns ?? 0) - before).toBeGreaterThanOrEqual(4);
    expect(flooder.state.phase).toBe('running');
    await flooder.kill();
    expect(flooder.state).toMatchObject({ phase: 'stopped', exit: { code: 137 } });
  });

  it('gets its arguments, files and time', async () => {
    const module = guest({
      more: data(1024, '/etc/motd'),
      poll: `(i32.store (i32.const 8) (call $arguments (i32.const 2048) (i32.const 1000)))
        (call $console_write (i32.const 2048) (i32.load (i32.const 8)))
        (i64.store (i32.const 16) (call $config_read (i32.const 1024) (i32.const 2) (i32.const 4096) (i32.const 3)))
        ${say(4096, 3)}
        (if (i64.lt_s (call $clock_wall) (i64.const 1700000000000000000)) (then (unreachable)))
        (call $exit (i32.wrap_i64 (i64.load (i32.const 16)))) (unreachable)`,
      devices: [net('service')],
    });
    const config = { '/etc/motd': 'welcome' };
    const instance = lab.make(module, { name: 'web', args: ['--port=80', 'x'], config });
    const console = new ConsoleReader(instance);
    await instance.start();
    await console.until('lco');
    const { address } = lab.wire.station('next');
    const own = address.replace(/\d+$/, (last) => String(Number(last) - 1));
    const gateway = address.replace(/\d+$/, '1');
    expect(console.text.split('\0')).toEqual([
      'web',
      `--ipv4=${own}/24`,
      `--gateway=${gateway}`,
      `--dns=${gateway}`,
      '--hostname=web',
      '--port=80',
      'x',
      'lco',
    ]);
    expect((await ended(instance)).exit?.code).toBe('welcome'.length);
  });

  it('has no turn while it is paused, and its port is down', async () => {
    const instance = lab.make(guest({ devices: [net('service')], more: data(1024, 'service'), poll: '(i64.const 0)' }));
    await instance.start();
    await instance.pause();
    const port = lab.wire.ports().at(-1)?.id;
    const isUp = (): boolean | undefined => lab.wire.ports().find(({ id }) => id === port)?.up;
    while (isUp()) await new Promise((resolve) => setImmediate(resolve));
    await expect(instance.stats()).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await instance.resume();
    const { tender } = await instance.stats();
    while (((await instance.stats()).tender?.turns ?? 0) <= (tender?.turns ?? 0));
    while (!isUp()) await new Promise((resolve) => setImmediate(resolve));
  });

  it('starts anew when it is reset, and again after its end', async () => {
    const instance = lab.make(guest({ more: data(0, 'up.'), init: `${say(0, 3)} (i32.const 0)` }));
    const console = new ConsoleReader(instance);
    await instance.start();
    await instance.reset();
    await instance.stop(1000);
    await instance.start();
    await console.until('up.up.up.');
    expect(instance.state.phase).toBe('running');
  });

  it('refuses in plain words what it cannot do', async () => {
    const instance = lab.make(guest({}));
    await instance.start();
    for (const what of ['exec', 'copyIn', 'copyOut', 'checkpoint', 'restore', 'migrate'] as const) {
      await expect(instance[what]()).rejects.toMatchObject({ code: 'FailedPrecondition' });
    }
  });

  it('waits by asyncify where it has to', async () => {
    // What binaryen makes of a module, by hand: called again, it goes on behind the yield.
    const module = guest({
      more: `(global $state (mut i32) (i32.const 0)) ${data(0, 'before after')}
        (func (export "asyncify_start_unwind") (param i32) (global.set $state (i32.const 1)))
        (func (export "asyncify_stop_unwind") (global.set $state (i32.const 0)))
        (func (export "asyncify_start_rewind") (param i32) (global.set $state (i32.const 2)))
        (func (export "asyncify_stop_rewind") (global.set $state (i32.const 0)))`,
      main: `(if (i32.eqz (global.get $state)) (then ${say(0, 7)}))
        (call $yield (i64.add (call $clock_monotonic) (i64.const 1000000)) (i32.const 64))
        (if (i32.eq (global.get $state) (i32.const 1)) (then (return (i32.const 0))))
        ${say(7, 5)} (i32.const 6)`,
    });
    const instance = lab.make(module);
    const console = new ConsoleReader(instance);
    await instance.start();
    expect((await ended(instance)).exit?.code).toBe(6);
    expect(await console.until('after')).toBe('before after');
  });

  it.runIf(!('Suspending' in WebAssembly))('is refused when it has to wait and nothing can make it', async () => {
    const instance = lab.make(guest({ main: '(call $yield (i64.const 0) (i32.const 0)) (i32.const 0)' }));
    await expect(instance.start()).rejects.toMatchObject({ code: 'Unimplemented' });
  });
});

describe('a unikernel that does not give the CPU back', () => {
  let lab: TenderLab;
  beforeEach(() => {
    lab = createTenderLab('threads');
  });
  afterEach(() => lab.dispose());

  it.each<[string, 'init' | 'poll']>([
    ['while it begins', 'init'],
    ['in a turn', 'poll'],
  ])('is ended %s, and its neighbours start again elsewhere', async (_when, place) => {
    const quiet = lab.make(guest({}), { name: 'quiet' });
    const busy = lab.make(guest({ poll: '(i64.const 0)' }), { name: 'busy' });
    await quiet.start();
    await busy.start();
    const module = place === 'init' ? guest({ init: `${spins} (i32.const 0)` }) : guest({ poll: `${spins} ${never}` });
    const spinner = lab.make(module, { name: 'spinner' });
    expect(lab.driver.workers).toBe(1);
    const starting = spinner.start();
    starting.catch(() => {});
    const state = await ended(spinner);
    expect(state).toMatchObject({
      phase: 'failed',
      error: { code: 'ResourceExhausted', message: expect.stringMatching(/^spinner did not give the CPU back/) },
    });
    if (place === 'init') await expect(starting).rejects.toMatchObject({ code: 'ResourceExhausted' });
    for (const neighbour of [quiet, busy]) {
      while (neighbour.state.phase !== 'running') await new Promise((resolve) => setImmediate(resolve));
      await neighbour.ping();
      expect(neighbour.startNote).toMatch(/Started again in another worker/);
    }
  });

  it('can be killed at once', async () => {
    const spinner = lab.make(guest({ poll: `${spins} ${never}` }), { name: 'spinner' });
    await spinner.start();
    await expect(spinner.kill()).resolves.toMatchObject({ code: 137 });
    expect(spinner.state.phase).toBe('stopped');
  });

  it('takes a disk of its neighbour neither away nor back', async () => {
    const { id } = await lab.wire.disks.create({ sizeMiB: 1 });
    const writer = lab.make(
      guest({
        devices: [block('data')],
        more: data(1024, 'data'),
        init: `(drop ${acquireBlock}) (call $block_write (i64.const 0) (i64.const 0) (i32.const 1024) (i32.const 512))`,
      }),
      { name: 'writer', disks: [{ sizeMiB: 1 }] },
      reopening(lab, 'writer', id),
    );
    await writer.start();
    const spinner = lab.make(guest({ poll: `${spins} ${never}` }), { name: 'spinner' });
    await spinner.start();
    await ended(spinner);
    while (writer.state.phase !== 'running') await new Promise((resolve) => setImmediate(resolve));
    await expect(writer.stop(5000)).resolves.toEqual({ code: 0, reason: 'Stopped' });
  });
});

/** A place on the wire whose disk is opened anew for each start, as the lab does. */
function reopening(lab: TenderLab, name: string, id: DiskId) {
  const station = lab.wire.station(name, { disks: [id] });
  const { openDisks } = station.resources;
  const open: typeof openDisks = async () => {
    await lab.wire.disks.close(id);
    return openDisks();
  };
  return { ...station, resources: { ...station.resources, openDisks: open } };
}
