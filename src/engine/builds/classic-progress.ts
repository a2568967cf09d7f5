import type { BuildEvent } from '../../api/build';
import type { Digest } from '../../api/content-store';
import type { JsonMessage } from '../../api/engine-api';

/**
 * A build as the classic builder tells it, in the messages of `POST /build`: `Step 1/5 : FROM busybox`, ` ---> 0123…`,
 * `Successfully built 0123…`.
 */
export class ClassicProgress {
  /** The steps that are instructions. */
  readonly #steps = new Set<number>();
  readonly #decoders = new Map<string, TextDecoder>();
  #running: string | undefined;

  /** The messages for an event; none for what the classic builder does not tell. */
  messages(event: BuildEvent): readonly JsonMessage[] {
    switch (event.kind) {
      case 'started': {
        const { number, instruction } = event.step;
        if (!instruction) return [];
        this.#steps.add(number);
        return said(`Step ${instruction.index}/${instruction.total} : ${instruction.text}`, '\n');
      }
      case 'running':
        this.#running = shortName(event.name);
        return said(` ---> Running in ${this.#running}\n`);
      case 'cached':
        return this.#steps.has(event.step) ? said(' ---> Using cache\n', arrow(event.id)) : [];
      case 'log': {
        const decoder = this.#decoders.get(event.stream) ?? new TextDecoder();
        this.#decoders.set(event.stream, decoder);
        const text = decoder.decode(event.bytes, { stream: true });
        return text === '' ? [] : said(text);
      }
      case 'finished': {
        if (!this.#steps.has(event.step) || event.id === undefined) return [];
        const removed = this.#running === undefined ? [] : [` ---> Removed intermediate container ${this.#running}\n`];
        this.#running = undefined;
        return said(...removed, arrow(event.id));
      }
      case 'warning':
        return said(`[Warning] ${event.message}\n`);
      case 'built':
        return [
          { aux: { ID: event.config } },
          ...said(
            `Successfully built ${shortId(event.config)}\n`,
            ...event.names.map((name) => `Successfully tagged ${name}\n`),
          ),
        ];
      case 'failed':
        return [failure(event)];
    }
  }
}

function failure({ error }: Extract<BuildEvent, { kind: 'failed' }>): JsonMessage {
  const { exitCode, command } = error.details;
  if (typeof exitCode !== 'number') return { errorDetail: { message: error.message }, error: error.message };
  const message = `The command '${command}' returned a non-zero code: ${exitCode}`;
  return { errorDetail: { code: exitCode, message }, error: message };
}

function said(...texts: readonly string[]): readonly JsonMessage[] {
  return texts.map((stream) => ({ stream }));
}

function arrow(id: Digest): string {
  return ` ---> ${shortId(id)}\n`;
}

function shortId(id: Digest): string {
  return id.slice('sha256:'.length, 'sha256:'.length + 12);
}

/** Containers are named by ids of 64 digits; anything else is told as it is. */
function shortName(name: string): string {
  return /^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : name;
}
