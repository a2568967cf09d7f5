import { html } from 'lit';
import type { RestartPolicy } from '../../../api/container';
import { toSandboxError } from '../../../base/errors';
import { commandWords, createBody, type RunWish } from '../../containers/run-wish';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { containerText } from '../../text/containers';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';

type Field = 'image' | 'name' | 'command' | 'ports' | 'environment' | 'memory' | 'restart';

const restarts = ['no', 'on-failure', 'always', 'unless-stopped'] as const satisfies readonly RestartPolicy['Name'][];

/** What `docker run` is told, in fields. */
export class ContainerDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    typed: { state: true },
    terminal: { state: true },
    problem: { state: true },
  };
  declare private typed: Readonly<Record<Field, string>>;
  declare private terminal: boolean;
  declare private problem: string;

  constructor() {
    super();
    this.typed = { image: '', name: '', command: '', ports: '', environment: '', memory: '', restart: 'no' };
    this.terminal = false;
    this.problem = '';
  }

  protected override frame(): DialogFrame {
    const { dialog } = containerText;
    return {
      heading: dialog.title,
      go: dialog.go,
      blocked: this.typed.image.trim() === '',
      body: html`
        ${this.#field('image', dialog.image, dialog.imageHint, true)}
        ${this.#field('command', dialog.command, dialog.commandHint)}
        <div class="pair">
          ${this.#field('name', dialog.name, dialog.nameHint)} ${this.#field('ports', dialog.ports, dialog.portsHint)}
        </div>
        <label class="field">
          <span>${dialog.environment}</span>
          <textarea rows="2" spellcheck="false" .value=${this.typed.environment} @input=${this.#type('environment')}></textarea>
          <span class="hint">${dialog.environmentHint}</span>
        </label>
        <div class="pair">
          ${this.#field('memory', dialog.memory, dialog.memoryHint)}
          <label class="field">
            <span>${dialog.restart}</span>
            <select @change=${this.#type('restart')}>
              ${restarts.map((name) => html`<option value=${name} ?selected=${name === this.typed.restart}>${dialog.restarts[name]}</option>`)}
            </select>
          </label>
        </div>
        <label class="check">
          <input type="checkbox" .checked=${this.terminal} @change=${() => this.#toggle()} />
          ${dialog.terminal}
        </label>
        <p class="problem" role="alert">${this.problem}</p>
      `,
    };
  }

  protected override submit(store: Store): boolean {
    try {
      const wish = this.#wish();
      createBody(wish);
      store.launches.container(wish);
      return true;
    } catch (error) {
      this.problem = toSandboxError(error).message;
      return false;
    }
  }

  #wish(): RunWish {
    const { image, name, command, ports, environment, memory, restart } = this.typed;
    const memoryMiB = Math.round(Number(memory));
    return {
      image: image.trim(),
      name: name.trim(),
      command: commandWords(command),
      ports,
      environment,
      memoryMiB: memory.trim() === '' || !(memoryMiB > 0) ? undefined : memoryMiB,
      restart: restarts.find((each) => each === restart) ?? 'no',
      terminal: this.terminal,
    };
  }

  #field(field: Field, label: string, hint: string, first = false) {
    return html`<label class="field">
      <span>${label}</span>
      <input
        ?data-first=${first}
        autocomplete="off"
        spellcheck="false"
        .value=${this.typed[field]}
        @input=${this.#type(field)}
      />
      <span class="hint">${hint}</span>
    </label>`;
  }

  #type(field: Field) {
    return (event: Event): void => {
      this.typed = { ...this.typed, [field]: typedIn(event) };
      this.problem = '';
    };
  }

  #toggle(): void {
    this.terminal = !this.terminal;
  }
}

define('strata-container-dialog', ContainerDialog);
