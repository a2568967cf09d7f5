import { afterEach, describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { eventually } from '../base/eventually-fixture';
import { FakeClock } from '../base/fake-clock';
import { EmbeddedLab } from '../sdk/embedded-lab';
import { LabMemory } from '../sdk/lab-memory';
import { fileLimit } from '../sdk/protocol';
import { CallGate, type CallHandlers } from './call-gate';

const vm = { name: 'vm-1', kind: 'vm', phase: 'running', addresses: ['10.0.0.2'] } as const;

const handlers: CallHandlers = {
  offer: async () => undefined,
  settled: async () => undefined,
  run: async () => [vm],
  instances: async () => [vm],
  exec: async (given) => ({ code: 0, stdout: JSON.stringify(given), stderr: '' }),
  read: async () => new Uint8Array([1, 2]),
  write: async () => undefined,
  start: async () => {
    throw new SandboxError('NotFound', 'No instance is called "x"');
  },
  stop: async () => undefined,
  checks: async () => [],
};

describe('the port of an embedding page', () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  const open = (memoryMiB = 1024) => {
    const { port1, port2 } = new MessageChannel();
    const clock = new FakeClock(0);
    const refusals: string[] = [];
    const gate = new CallGate({ port: port1, handlers, clock, refused: (reason) => refusals.push(reason) });
    ends.push(
      () => gate.dispose(),
      () => port2.close(),
    );
    return { gate, clock, refusals, port: port2, lab: () => new EmbeddedLab(port2, new LabMemory(memoryMiB)) };
  };

  it('carries calls with what they give, and errors with their codes', async () => {
    const lab = open().lab();
    expect(await lab.run()).toEqual([vm]);
    expect(await lab.read('vm-1', '/x')).toEqual(new Uint8Array([1, 2]));
    const { stdout } = await lab.exec('vm-1', 'echo hi');
    expect(JSON.parse(stdout)).toEqual({ instance: 'vm-1', argv: ['/bin/sh', '-c', 'echo hi'] });
    await expect(lab.start('x')).rejects.toMatchObject({ name: 'LabError', code: 'NotFound' });
  });

  it('tells what happens until nobody listens', async () => {
    const { gate, lab } = open();
    const heard: unknown[] = [];
    const embedded = lab();
    const end = embedded.on('phase', (phase) => heard.push(phase));
    gate.tell({ event: 'phase', tells: { phase: 'starting' } });
    await embedded.instances();
    end();
    gate.tell({ event: 'phase', tells: { phase: 'ready' } });
    await embedded.instances();
    expect(heard).toEqual([{ phase: 'starting' }]);
  });

  it('shares the memory of the page out', async () => {
    const first = open(200);
    first.lab();
    expect(await first.gate.wantMemory(150)).toEqual({ granted: true, left: 50 });
    expect(await first.gate.wantMemory(250)).toEqual({ granted: false, left: 50 });
    expect(await first.gate.wantMemory(200)).toEqual({ granted: true, left: 0 });
  });

  it('goes on without an answer about memory when none comes', async () => {
    const { gate, clock } = open();
    const answer = gate.wantMemory(100);
    await clock.advance(5000);
    expect(await answer).toBeUndefined();
  });

  it('looks at no message longer than it is worth, however often a part of it is named', async () => {
    const { port, refusals } = open();
    // A few kilobytes on the way, and 1000^5 places to look at.
    let nested: unknown = 'x';
    for (let level = 0; level < 3; level += 1) {
      const part = nested;
      nested = Array.from({ length: 1000 }, () => part);
    }
    port.postMessage({ id: 1, call: 'exec', given: { argv: nested } });
    await eventually(() => expect(refusals).toEqual([expect.stringMatching(/^a message of more than \d+ bytes/)]));
  });

  it('takes no message with parts that no call has', async () => {
    const { port, refusals } = open();
    const codes: unknown[] = [];
    port.onmessage = ({ data }) => codes.push(data.error.code);
    port.postMessage({ id: 1, call: 'exec', given: { argv: [[[['deeper than any']]]] } });
    port.postMessage({ id: 2, call: 'exec', given: { argv: new Map([['argv', 'x']]) } });
    port.postMessage({ id: 3, call: 'write', given: { content: new ArrayBuffer(16) } });
    await eventually(() => expect(codes).toEqual(Array.from({ length: 3 }, () => 'InvalidArgument')));
    expect(refusals).toEqual(['a message of parts that no call has']);
  });

  it('carries a file of 8 MiB, and says that a larger one is too large', async () => {
    const lab = open().lab();
    await lab.write('vm-1', '/root/all', new Uint8Array(fileLimit));
    await expect(lab.write('vm-1', '/root/more', new Uint8Array(2 * fileLimit))).rejects.toMatchObject({
      code: 'ResourceExhausted',
      message: expect.stringContaining('a file has 8388608 at most'),
    });
  });

  it('answers no call that there is not, by whatever name, and says so once', async () => {
    const { port, refusals } = open();
    const answers: unknown[] = [];
    const heard = new Promise<void>((resolve) => {
      port.onmessage = ({ data }) => {
        answers.push(data);
        if (answers.length === 4) resolve();
      };
    });
    for (const [id, call] of ['constructor', '__proto__', 'toString', 'constructor'].entries()) {
      port.postMessage({ id, call, given: {} });
    }
    await heard;
    expect(answers).toEqual(
      [0, 1, 2, 3].map((id) => ({
        id,
        error: { code: 'InvalidArgument', message: expect.stringContaining('there is not') },
      })),
    );
    expect(refusals).toHaveLength(3);
  });

  it('drops what is no message, too large, or more than a thousand a second', async () => {
    const { port, clock, refusals } = open();
    const answered = (id: number) =>
      new Promise<unknown>((resolve) => {
        port.onmessage = ({ data }) => data.id === id && resolve(data);
      });
    port.postMessage('text');
    port.postMessage([1]);
    port.postMessage({ id: 1, call: 'instances' });
    const large = answered(2);
    port.postMessage({ id: 2, call: 'write', given: { content: new Uint8Array(9 * 1024 * 1024) } });
    expect(await large).toMatchObject({ error: { message: expect.stringContaining('8454144 bytes') } });
    const last = answered(5000);
    for (let id = 10; id < 1100; id += 1) port.postMessage({ id, call: 'instances', given: {} });
    await eventually(() => expect(refusals).toHaveLength(4));
    await clock.advance(1000);
    port.postMessage({ id: 5000, call: 'instances', given: {} });
    expect(await last).toMatchObject({ gives: [vm] });
    expect(refusals).toEqual([
      'a message that is no object',
      'a message that is no call',
      expect.stringContaining('a message of more than 8454144 bytes'),
      'more than 1000 messages a second',
    ]);
  });
});
