import type { BuildEvent } from '../../api/build';
import type { Digest } from '../../api/content-store';
import type { JsonMessage } from '../../api/engine-api';

/** What a client is told of a build. */
export interface BuildMessages {
  of(event: BuildEvent): readonly JsonMessage[];
}

/** What the classic builder says of an event (moby, builder/dockerfile/dispatchers.go and evaluator.go). */
export class ClassicMessages implements BuildMessages {
  readonly #quiet: boolean;
  /** What is being done, as its line in the Dockerfile says it. */
  #instruction = '';
  /** The container that a step runs in. */
  #running: string | undefined;
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };

  /** Quiet: nothing but the image's id, and what went wrong. */
  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  of(event: BuildEvent): readonly JsonMessage[] {
    if (event.kind === 'built') return this.#built(event);
    if (event.kind === 'failed') return [failureMessage(event, this.#instruction)];
    if (event.kind === 'started') this.#instruction = event.step.instruction?.text ?? '';
    return this.#quiet ? [] : this.#progress(event).map((stream) => ({ stream }));
  }

  #progress(event: Exclude<BuildEvent, { kind: 'built' | 'failed' }>): readonly string[] {
    switch (event.kind) {
      case 'started': {
        const { instruction, triggers } = event.step;
        return [
          ...(instruction ? [`Step ${instruction.index}/${instruction.total} : ${instruction.text}\n`] : []),
          ...(triggers ? [`# Executing ${triggers} build trigger${triggers === 1 ? '' : 's'}\n`] : []),
        ];
      }
      case 'cached':
        return [' ---> Using cache\n', ` ---> ${shortId(event.id)}\n`];
      case 'running':
        this.#running = event.name.slice(0, 12);
        return [` ---> Running in ${this.#running}\n`];
      case 'log':
        return [this.#decoders[event.stream].decode(event.bytes, { stream: true })].filter((text) => text !== '');
      case 'finished':
        return event.id === undefined ? [] : [...this.#removed(), ` ---> ${shortId(event.id)}\n`];
      case 'warning':
        return [`[Warning] ${event.message}\n`];
    }
  }

  #removed(): readonly string[] {
    const name = this.#running;
    this.#running = undefined;
    return name === undefined ? [] : [` ---> Removed intermediate container ${name}\n`];
  }

  #built({ image, names }: Extract<BuildEvent, { kind: 'built' }>): readonly JsonMessage[] {
    const aux = { aux: { ID: image } };
    if (this.#quiet) return [aux, { stream: `${image}\n` }];
    const tagged = names.map((name) => ({ stream: `Successfully tagged ${name}\n` }));
    return [aux, { stream: `Successfully built ${shortId(image)}\n` }, ...tagged];
  }
}

type Failure = Extract<BuildEvent, { kind: 'failed' }>;

/** The classic builder tells no place. Clients read its words for a RUN, and they stay as they are: its step is told above. */
function failureMessage(failure: Failure, instruction: string): JsonMessage {
  const { error, excerpt } = failure;
  const { exitCode: code, command } = error.details;
  // Without a command it did not even begin.
  if (typeof code !== 'number' || command === undefined) {
    const place = excerpt ? ` (${excerpt.file}:${excerpt.marked.from})` : '';
    const message = `${classicWords(failure, instruction)}${place}`;
    return { errorDetail: { message }, error: message };
  }
  const message = `The command '${command}' returned a non-zero code: ${code}`;
  return { errorDetail: { code, message }, error: message };
}

/** What is not there to be copied, in the classic builder's words (moby, builder/dockerfile/copy.go). */
function classicWords({ error: { message } }: Failure, instruction: string): string {
  const [, path] = /^failed to compute cache key: .*"\/(.*)": not found$/.exec(message) ?? [];
  const [keyword = '', from = ''] = instruction.split(/\s+/);
  if (path === undefined) return message;
  const where = from.startsWith('--from=') ? '' : 'file not found in build context or excluded by .dockerignore: ';
  return `${keyword.toUpperCase()} failed: ${where}stat ${path}: file does not exist`;
}

function shortId(digest: Digest): string {
  return digest.replace('sha256:', '').slice(0, 12);
}
