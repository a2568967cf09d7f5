import { html, nothing, type TemplateResult } from 'lit';
import type { ContainerSummary } from '../../../api/container';
import { toSandboxError } from '../../../base/errors';
import type { ContainerShelf } from '../../containers/container-shelf';
import { StrataElement } from '../../strata-element';
import { containerText } from '../../text/containers';

/**
 * Base of what asks the engine about a container and shows the answer. It asks anew when the container's
 * {@link state} changes, and whenever {@link ask} is called.
 */
export abstract class ContainerFacts<Facts> extends StrataElement {
  static override properties = {
    shelf: { attribute: false },
    container: { attribute: false },
    facts: { state: true },
    problem: { state: true },
  };
  declare shelf: ContainerShelf | undefined;
  declare container: ContainerSummary | undefined;
  declare protected facts: Facts | undefined;
  declare protected problem: string | undefined;
  /** Whose answer is waited for, or shown. */
  #asked = '';
  #questions = 0;

  constructor() {
    super();
    this.shelf = undefined;
    this.container = undefined;
    this.facts = undefined;
    this.problem = undefined;
  }

  /** Whether there is an answer only while it runs or is paused: what stands still has its processes. */
  protected readonly needsRunning: boolean = false;

  protected abstract load(shelf: ContainerShelf, id: string): Promise<Facts>;
  protected abstract show(facts: Facts): TemplateResult;

  override render() {
    const { container, facts, problem } = this;
    if (!container) return nothing;
    if (this.needsRunning && !hasProcesses(container)) return note(containerText.onlyRunning(container.State));
    if (problem !== undefined) return note(`${containerText.notShown}: ${problem}`);
    return facts === undefined ? note(containerText.loading) : this.show(facts);
  }

  /** What the answer depends on: when it changes, the engine is asked anew. */
  protected get state(): string {
    return this.container ? `${this.container.Id} ${this.container.State}` : '';
  }

  protected override updated(): void {
    const { state } = this;
    if (state === this.#asked) return;
    this.#asked = state;
    this.ask();
  }

  /** The last answer stays until the next is there. */
  protected ask(): void {
    const { shelf, container } = this;
    if (!shelf || !container || (this.needsRunning && !hasProcesses(container))) return;
    this.#questions += 1;
    const question = this.#questions;
    const answered = (facts: Facts | undefined, problem: string | undefined): void => {
      if (question !== this.#questions) return;
      this.facts = facts;
      this.problem = problem;
    };
    this.load(shelf, container.Id).then(
      (facts) => answered(facts, undefined),
      (error: unknown) => answered(undefined, toSandboxError(error).message),
    );
  }
}

function hasProcesses({ State }: ContainerSummary): boolean {
  return State === 'running' || State === 'paused';
}

function note(words: string): TemplateResult {
  return html`<p class="note" role="status">${words}</p>`;
}
