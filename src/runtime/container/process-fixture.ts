import type { Process } from '../../api/instance';
import { createDeferred } from '../../base/deferred';

/** A process of a guest whose other end the test holds. */
export interface HeldProcess {
  readonly process: Omit<Process, 'id'>;
  /** What it was told so far, in lines. */
  readonly lines: readonly string[];
  /** Resolves when it was told so many lines. */
  told(count: number): Promise<void>;
  say(text: string): void;
  complain(text: string): void;
  end(code: number): void;
  readonly signals: readonly string[];
}

export function holdProcess(): HeldProcess {
  const decoder = new TextDecoder();
  const lines: string[] = [];
  const signals: string[] = [];
  const exited = createDeferred<number>();
  let said = '';
  let wake = (): void => {};
  const out = openOutput();
  const errors = openOutput();
  const stdin = new WritableStream<Uint8Array>({
    write(bytes) {
      said += decoder.decode(bytes, { stream: true });
      const whole = said.split('\n');
      said = whole.pop() ?? '';
      lines.push(...whole);
      wake();
    },
  });
  return {
    process: {
      stdin,
      stdout: out.stream,
      stderr: errors.stream,
      exited: exited.promise,
      resize: () => {},
      kill: (signal) => void signals.push(signal),
    },
    lines,
    signals,
    async told(count) {
      while (lines.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    say: out.say,
    complain: errors.say,
    end(code) {
      out.close();
      errors.close();
      exited.resolve(code);
    },
  };
}

function openOutput() {
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(made) {
      controller = made;
    },
  });
  return {
    stream,
    say: (text: string) => controller?.enqueue(new TextEncoder().encode(text)),
    close: () => controller?.close(),
  };
}
