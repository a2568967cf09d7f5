import type { JSHandle, Page } from 'playwright-core';
import type { InstanceDraft } from '../src/engine/instance-record';
import type { Lab } from '../src/engine/lab';
import type { StrataPage } from '../test/support/page-fleet';

/** A unikernel of the registry's, as a draft. */
export function unikernelDraft(name: string, more: { readonly onDemand?: { readonly idleMs: number } } = {}) {
  const disks = name === 'kv' ? [{ sizeMiB: 1 }] : [];
  const image = `strata/unikernel-${name}:1`;
  const spec = { kind: 'unikernel', image, args: [], config: {}, memoryMiB: 4, disks, addressing: 'static' } as const;
  return { ...spec, ...more } satisfies InstanceDraft;
}

/** What runs in the page, so that nothing but the page is measured. */
export interface PageTools {
  readonly lab: Lab;
  /** Milliseconds from the wish for a connection to the end of the answer; tried again as long as it is refused. */
  get(address: string): Promise<number>;
  /** Requests a second, one after the other on each of several kept connections. */
  rate(address: string, load: { readonly connections: number; readonly forMs: number }): Promise<number>;
  /** Of an instance, on its first network. */
  addressOf(id: string): string;
  /** Resolves when the instance runs the next time. */
  running(id: string): Promise<void>;
  /** Resolves when the instance sleeps. */
  asleep(id: string): Promise<void>;
  /** Resolves when its console prints that, or has printed it. */
  printed(id: string, text: string): Promise<void>;
}

export function pageTools(page: Page): Promise<JSHandle<PageTools>> {
  return page.evaluateHandle((): PageTools => {
    const { lab } = (globalThis as unknown as StrataPage).strata;
    const connect = async (address: string) => {
      for (;;) {
        try {
          return await lab.connect('default', { address, port: 80 });
        } catch (error) {
          if ((error as { details?: { reason?: string } }).details?.reason !== 'refused') throw error;
        }
      }
    };
    return {
      lab,
      async get(address) {
        const begun = performance.now();
        const { readable, writable } = await connect(address);
        const writer = writable.getWriter();
        await writer.write(new TextEncoder().encode('GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n'));
        const answer = await new Response(readable).text();
        const took = performance.now() - begun;
        await writer.close();
        if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(`Answered with ${answer.slice(0, 40)}`);
        return took;
      },
      async rate(address, { connections, forMs }) {
        const request = new TextEncoder().encode('GET / HTTP/1.1\r\nHost: bench\r\n\r\n');
        const end = performance.now() + forMs;
        const each = Array.from({ length: connections }, async () => {
          const { readable, writable } = await connect(address);
          const [reader, writer] = [readable.getReader(), writable.getWriter()];
          let answers = 0;
          while (performance.now() < end) {
            await writer.write(request);
            let answer = '';
            // The head, an empty line, and a body without one.
            while (!/\r\n\r\n./.test(answer)) {
              const { value, done } = await reader.read();
              if (done) throw new Error('The server closed a connection that was to be kept');
              answer += new TextDecoder().decode(value);
            }
            answers += 1;
          }
          await writer.close();
          return answers;
        });
        return ((await Promise.all(each)).reduce((a, b) => a + b) * 1000) / forMs;
      },
      addressOf: (id) => lab.list().find((record) => record.id === id)?.nics[0]?.address ?? '',
      running: (id) =>
        new Promise((resolve) => {
          const listening = lab.instance(id).states(({ phase }) => {
            if (phase !== 'running') return;
            listening.dispose();
            resolve();
          });
        }),
      asleep: (id) =>
        new Promise((resolve) => {
          const check = (): void => {
            if (!lab.list().find((record) => record.id === id)?.demand?.asleep) return;
            listening.dispose();
            resolve();
          };
          const listening = lab.changes(check);
          check();
        }),
      printed: (id, text) =>
        new Promise((resolve) => {
          let all = '';
          const console = lab.instance(id).attachConsole(({ bytes }) => {
            all += new TextDecoder().decode(bytes);
            // What was printed before comes before there is anything to acknowledge it by.
            queueMicrotask(() => console.acknowledge(bytes.length));
            if (all.includes(text)) resolve();
          });
        }),
    };
  });
}
