/** What stands in the frame before anything runs: what it is, and the button that begins. */
export interface PosterWords {
  readonly title: string;
  readonly about: string;
  readonly run: string;
  readonly running: string;
}

export interface Poster {
  /** Says what a scenario is. */
  show(title: string, about: string): void;
  /** It begins. */
  begin(): void;
  /** It did not come about; the button tries again. */
  fail(message: string): void;
  /** Everything runs. Whoever had the focus here goes on in what has come. */
  remove(goOn: () => void): void;
}

/** Plain elements, so that a page with many labs has nothing to load before somebody begins. */
export function createPoster(parent: Element, words: PosterWords, run: () => void): Poster {
  const poster = document.createElement('main');
  poster.className = 'poster';
  const [title, about, button, note] = (['h1', 'p', 'button', 'p'] as const).map((name) =>
    document.createElement(name),
  );
  if (!title || !about || !button || !note) throw new TypeError('A document makes no elements');
  title.textContent = words.title;
  about.textContent = words.about;
  button.textContent = words.run;
  button.addEventListener('click', run);
  note.setAttribute('role', 'alert');
  poster.append(title, about, button, note);
  parent.append(poster);
  const setBusy = (busy: boolean): void => {
    // Not `disabled`, which would take the focus from whoever has pressed it.
    button.setAttribute('aria-disabled', String(busy));
    button.textContent = busy ? words.running : words.run;
  };
  return {
    show(name, description) {
      title.textContent = name;
      about.textContent = description;
    },
    begin() {
      note.textContent = '';
      setBusy(true);
    },
    fail(message) {
      note.textContent = message;
      setBusy(false);
    },
    remove(goOn) {
      const focused = poster.contains(document.activeElement);
      poster.remove();
      if (focused) goOn();
    },
  };
}
