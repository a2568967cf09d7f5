import type { BuildEvent, BuildExcerpt } from '../../api/build';

interface Vertex {
  readonly number: number;
  readonly name: string;
  /** What a process has said since the last end of a line, and when, milliseconds since the step began. */
  rest: string;
  at: number;
  /** The last lines, for when it fails. */
  readonly tail: string[];
  readonly decoder: TextDecoder;
}

/** Lines of a failed step that are told once more. */
const tailLines = 25;
/** Characters of one line that are kept until its end comes. */
const lineLimit = 16 * 1024;

/**
 * `--progress=plain`, as BuildKit prints it: `#5 [2/4] COPY . /app`, `#5 CACHED`, `#5 DONE 0.1s`, and for a failure the
 * lines of the Dockerfile with those marked that failed. The last line of a failure is {@link plainFailure}.
 */
export class PlainProgress {
  readonly #vertices = new Map<number, Vertex>();
  #count = 0;
  /** The vertex that was told of last. */
  #last = 0;

  /** The text for an event; empty for what is not shown. */
  render(event: BuildEvent): string {
    switch (event.kind) {
      case 'started':
        return event.step.vertex === undefined ? '' : this.#start(event.step.number, event.step.vertex);
      case 'cached':
        return this.#line(event.step, 'CACHED');
      case 'log':
        return this.#log(event);
      case 'finished':
        return this.#flush(event.step, event.ms) + this.#line(event.step, `DONE ${seconds(event.ms)}s`);
      case 'warning':
        return ` - ${event.message}${event.line === undefined ? '' : ` (line ${event.line})`}\n`;
      case 'built':
        return [
          this.#line(event.step, 'exporting layers done'),
          this.#line(event.step, `writing image ${event.image} done`),
          ...event.names.map((name) => this.#line(event.step, `naming to ${name} done`)),
          this.#line(event.step, `DONE ${seconds(event.ms)}s`),
        ].join('');
      case 'failed':
        return this.#fail(event);
      case 'running':
        return '';
    }
  }

  #start(step: number, name: string): string {
    this.#count += 1;
    const vertex = { number: this.#count, name, rest: '', at: 0, tail: [], decoder: new TextDecoder() };
    this.#vertices.set(step, vertex);
    return this.#line(step, name);
  }

  #line(step: number, text: string): string {
    const vertex = this.#vertices.get(step);
    if (!vertex) return '';
    const gap = this.#last !== 0 && this.#last !== vertex.number ? '\n' : '';
    this.#last = vertex.number;
    return `${gap}#${vertex.number} ${text}\n`;
  }

  #log({ step, bytes, at }: Extract<BuildEvent, { kind: 'log' }>): string {
    const vertex = this.#vertices.get(step);
    if (!vertex) return '';
    const lines = (vertex.rest + vertex.decoder.decode(bytes, { stream: true })).split('\n');
    vertex.rest = lines.pop() ?? '';
    vertex.at = at;
    if (vertex.rest.length > lineLimit) {
      lines.push(vertex.rest);
      vertex.rest = '';
    }
    return lines.map((line) => this.#told(step, vertex, line, at)).join('');
  }

  #flush(step: number, at?: number): string {
    const vertex = this.#vertices.get(step);
    if (!vertex || vertex.rest === '') return '';
    const line = vertex.rest;
    vertex.rest = '';
    return this.#told(step, vertex, line, at ?? vertex.at);
  }

  #told(step: number, vertex: Vertex, line: string, at: number): string {
    const text = `${(at / 1000).toFixed(3)} ${line.replace(/\r$/, '')}`;
    vertex.tail.push(text);
    if (vertex.tail.length > tailLines) vertex.tail.shift();
    return this.#line(step, text);
  }

  #fail({ step, error, excerpt }: Extract<BuildEvent, { kind: 'failed' }>): string {
    if (error.code === 'Canceled') return this.#line(step ?? 0, 'CANCELED');
    const vertex = step === undefined ? undefined : this.#vertices.get(step);
    const rest = step === undefined ? '' : this.#flush(step);
    const head = vertex && step !== undefined ? this.#line(step, `ERROR: ${error.message}`) : '';
    const tail = vertex ? `------\n > ${vertex.name}:\n${vertex.tail.map((line) => `${line}\n`).join('')}------\n` : '';
    const lines = excerpt ? renderExcerpt(excerpt) : '';
    return `${rest}${head}${tail}${lines}`;
  }
}

/** What a build has failed with, as its last line says it behind `ERROR: `. */
export function plainFailure({ error }: Extract<BuildEvent, { kind: 'failed' }>): string {
  return `failed to solve: ${error.code === 'Canceled' ? 'Canceled: context canceled' : error.message}`;
}

function renderExcerpt({ file, from, lines, marked }: BuildExcerpt): string {
  const rule = '-'.repeat(20);
  const shown = lines.map((line, at) => {
    const number = from + at;
    const mark = number >= marked.from && number <= marked.to ? '>>>' : '   ';
    return `${String(number).padStart(4)} | ${mark} ${line}\n`;
  });
  return `${file}:${marked.from}\n${rule}\n${shown.join('')}${rule}\n`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
