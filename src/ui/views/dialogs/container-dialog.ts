import { html } from 'lit';
import type { RestartPolicy } from '../../../api/container';
import { toSandboxError } from '../../../base/errors';
import { commandWords, type RunWish, readEnvironment, readPorts } from '../../containers/run-wish';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { containerText } from '../../text/containers';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';
import { countProblem, formFieldStyles, problemBeside, problemId, wordField } from './form-fields';

type Field = 'image' | 'name' | 'command' | 'ports' | 'environment' | 'memory' | 'restart';

const restarts = ['no', 'on-failure', 'always', 'unless-stopped'] as const satisfies readonly RestartPolicy['Name'][];

/** What a machine has at most, MiB; what is too little for one is the engine's to say. */
/** Docker gives no container less than 6 MiB. */
const memoryBounds = { least: 6, most: 1024 } as const;

/** What `docker run` is told, in fields. */
export class ContainerDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    typed: { state: true },
    terminal: { state: true },
    problems: { state: true },
  };
  declare private typed: Readonly<Record<Field, string>>;
  declare private terminal: boolean;
  /** What was wrong with fields when it was to be run, until they are changed. */
  declare private problems: Readonly<Partial<Record<Field, string>>>;

  static override styles = [...DialogElement.styles, formFieldStyles];

  constructor() {
    super();
    this.typed = { image: '', name: '', command: '', ports: '', environment: '', memory: '', restart: 'no' };
    this.terminal = false;
    this.problems = {};
  }

  protected override frame(): DialogFrame {
    const { dialog } = containerText;
    return {
      heading: dialog.title,
      go: dialog.go,
      working: dialog.working,
      failed: containerText.notRun(this.typed.image.trim()),
      blocked: this.typed.image.trim() === '',
      body: html`
        ${this.#field('image', dialog.image, dialog.imageHint, true)}
        ${this.#field('command', dialog.command, dialog.commandHint)}
        <div class="pair">
          ${this.#field('name', dialog.name, dialog.nameHint)} ${this.#field('ports', dialog.ports, dialog.portsHint)}
        </div>
        <div class="entry">
          <label class="field">
            <span>${dialog.environment}</span>
            <textarea
              rows="2"
              spellcheck="false"
              aria-invalid=${this.problems.environment !== undefined}
              aria-describedby=${problemId(dialog.environment)}
              .value=${this.typed.environment}
              @input=${(event: Event) => this.#type('environment', typedIn(event))}
            ></textarea>
          </label>
          <span class="hint">${dialog.environmentHint}</span>
          ${problemBeside(dialog.environment, this.problems.environment)}
        </div>
        <div class="pair">
          ${this.#field('memory', dialog.memory, dialog.memoryHint)}
          <label class="field">
            <span>${dialog.restart}</span>
            <select @change=${(event: Event) => this.#type('restart', typedIn(event))}>
              ${restarts.map((name) => html`<option value=${name} ?selected=${name === this.typed.restart}>${dialog.restarts[name]}</option>`)}
            </select>
          </label>
        </div>
        <label class="check">
          <input type="checkbox" .checked=${this.terminal} @change=${() => this.#toggle()} />
          ${dialog.terminal}
        </label>
      `,
    };
  }

  /** Pulling an image may take long: it goes on when the dialog is closed. */
  protected override async submit(store: Store): Promise<boolean> {
    this.problems = this.#wrong();
    return Object.keys(this.problems).length === 0 && (await store.launches.container(this.#wish()));
  }

  /** What is wrong, by the fields that it is in. */
  #wrong(): Readonly<Partial<Record<Field, string>>> {
    const { command, ports, environment, memory } = this.typed;
    const looks: Readonly<Partial<Record<Field, () => string | undefined>>> = {
      command: () => problemOf(() => commandWords(command)),
      ports: () => problemOf(() => readPorts(ports)),
      environment: () => problemOf(() => readEnvironment(environment)),
      memory: () => (memory.trim() === '' ? undefined : countProblem(memory, memoryBounds)),
    };
    const found = Object.entries(looks).map(([field, look]) => [field, look()] as const);
    return Object.fromEntries(found.filter(([, problem]) => problem !== undefined));
  }

  #wish(): RunWish {
    const { image, name, command, ports, environment, memory, restart } = this.typed;
    return {
      image: image.trim(),
      name: name.trim(),
      command: commandWords(command),
      ports,
      environment,
      memoryMiB: memory.trim() === '' ? undefined : Number(memory),
      restart: restarts.find((each) => each === restart) ?? 'no',
      terminal: this.terminal,
    };
  }

  #field(field: Field, label: string, hint: string, first = false) {
    return wordField({
      label,
      hint,
      first,
      value: this.typed[field],
      problem: this.problems[field],
      set: (typed) => this.#type(field, typed),
    });
  }

  #type(field: Field, typed: string): void {
    this.typed = { ...this.typed, [field]: typed };
    const { [field]: _, ...others } = this.problems;
    this.problems = others;
  }

  #toggle(): void {
    this.terminal = !this.terminal;
  }
}

function problemOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return toSandboxError(error).message;
  }
}

define('strata-container-dialog', ContainerDialog);
