import { describe, expect, it } from 'vitest';
import type { OutputChunk } from '../../api/container-streams';
import type { Process } from '../../api/instance';
import { createDeferred } from '../../base/deferred';
import { StreamHub } from './stream-hub';

const encode = (text: string) => new TextEncoder().encode(text);

function pipes() {
  const stdout = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const stderr = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const typed: string[] = [];
  const closed = createDeferred<void>();
  const process: Process = {
    id: 'p',
    stdin: new WritableStream({
      write: (bytes) => void typed.push(new TextDecoder().decode(bytes)),
      close: () => closed.resolve(),
    }),
    stdout: stdout.readable,
    stderr: stderr.readable,
    exited: Promise.resolve(0),
    resize: () => undefined,
    kill: () => undefined,
  };
  const [out, err] = [stdout.writable.getWriter(), stderr.writable.getWriter()];
  return { process, typed, closed: closed.promise, out, err, end: () => Promise.all([out.close(), err.close()]) };
}

async function textOf(stream: ReadableStream<OutputChunk>): Promise<string> {
  const reader = stream.getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += `${value.stream === 'stderr' ? '!' : ''}${new TextDecoder().decode(value.bytes)}`;
  }
}

const all = { stream: true, stdin: true, stdout: true, stderr: true };

function hubOf(options: Partial<ConstructorParameters<typeof StreamHub>[0]> = {}) {
  return new StreamHub({ tty: false, openStdin: true, stdinOnce: true, record: () => undefined, ...options });
}

describe('the streams of a container', () => {
  it('reach all who are attached, those who came before its start, too', async () => {
    const hub = hubOf();
    const { process, out, err, end } = pipes();
    const one = textOf(hub.attach(all, true, undefined).output);
    const two = textOf(hub.attach({ stream: true, stderr: true }, true, undefined).output);
    const running = hub.run(process);
    await out.write(encode('a'));
    await err.write(encode('b'));
    await end();
    await running;
    hub.end();
    expect(await one).toBe('a!b');
    expect(await two).toBe('!b');
  });

  it('begin with what was before, where that is wanted', async () => {
    const hub = hubOf();
    const before = new ReadableStream<OutputChunk>({
      start(controller) {
        controller.enqueue({ stream: 'stdout', bytes: encode('old ') });
        controller.close();
      },
    });
    const { process, out, end } = pipes();
    const view = textOf(hub.attach(all, true, before).output);
    const running = hub.run(process);
    await out.write(encode('new'));
    await end();
    await running;
    hub.end();
    expect(await view).toBe('old new');
  });

  it('take what is typed, and end with the first who typed when that was wished', async () => {
    const hub = hubOf();
    const { process, typed, closed } = pipes();
    const input = hub.attach(all, true, undefined).input?.getWriter();
    const typing = input?.write(encode('ls\n'));
    void hub.run(process);
    await typing;
    await input?.close();
    await closed;
    expect(typed).toEqual(['ls\n']);
  });

  it.each([
    ['is a terminal', { tty: true, stdinOnce: true }],
    ['does not end with the first who typed', { stdinOnce: false }],
  ])('keep a stdin that %s open when who typed leaves, and end his view alone', async (_, options) => {
    const hub = hubOf(options);
    const { process, typed, closed, out, end } = pipes();
    let over = false;
    void closed.then(() => {
      over = true;
    });
    const [gone, lost, stays] = [all, all, all].map((each) => hub.attach(each, true, undefined));
    const running = hub.run(process);
    const input = gone?.input?.getWriter();
    await input?.write(encode('ls\n'));
    await input?.close();
    await lost?.input?.abort();
    expect(gone && (await textOf(gone.output))).toBe('');
    const seen = Promise.all([lost, stays].map((each) => each && textOf(each.output)));
    await stays?.input?.getWriter().write(encode('exit\n'));
    await out.write(encode('bye'));
    await end();
    await running;
    hub.end();
    expect([await seen, typed, over]).toEqual([['bye', 'bye'], ['ls\n', 'exit\n'], false]);
  });

  it('end a stdin that goes with who typed when he is lost', async () => {
    const hub = hubOf();
    const { process, closed } = pipes();
    const { input } = hub.attach(all, true, undefined);
    void hub.run(process);
    await input?.abort();
    await closed;
  });

  it('have no stdin unless that was asked for', async () => {
    const hub = hubOf({ openStdin: false });
    const { process, closed } = pipes();
    expect(hub.attach(all, true, undefined).input).toBeUndefined();
    void hub.run(process);
    await closed;
  });

  it('hold the program back while somebody does not read, and no longer than he stays', async () => {
    const hub = hubOf();
    const { process, out } = pipes();
    const slow = hub.attach(all, true, undefined).output.getReader();
    void hub.run(process);
    const block = new Uint8Array(200_000);
    let written = 0;
    const writing = (async () => {
      for (; written < 10; written += 1) await out.write(block);
    })();
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    expect(written).toBeLessThan(10);
    await slow.cancel();
    await writing;
    expect(written).toBe(10);
  });
});
