import { effect, type ReadonlySignal, untracked } from '@preact/signals-core';
import { AsyncDirective } from 'lit/async-directive.js';
import { type DirectiveResult, directive } from 'lit/directive.js';

class Following extends AsyncDirective {
  #followed: ReadonlySignal<unknown> | undefined;
  #show: (value: never) => unknown = (value) => value;
  #ending: (() => void) | undefined;

  override render(followed: ReadonlySignal<unknown>, show: (value: never) => unknown): unknown {
    this.#show = show;
    if (followed !== this.#followed) {
      this.#followed = followed;
      if (this.isConnected) this.#follow(followed);
    }
    return show(followed.peek() as never);
  }

  protected override disconnected(): void {
    this.#ending?.();
    this.#ending = undefined;
  }

  protected override reconnected(): void {
    const followed = this.#followed;
    if (!followed) return;
    this.#follow(followed);
    this.setValue(this.#show(followed.peek() as never));
  }

  #follow(followed: ReadonlySignal<unknown>): void {
    this.#ending?.();
    let first = true;
    this.#ending = effect(() => {
      const { value } = followed;
      // What it has now is shown by whoever follows.
      if (!first) untracked(() => this.setValue(this.#show(value as never)));
      first = false;
    });
  }
}

/** A place in a template that shows a signal anew by itself when it changes: the rest of the element is not rendered again. */
export const following: <T>(followed: ReadonlySignal<T>, show: (value: T) => unknown) => DirectiveResult =
  directive(Following);
