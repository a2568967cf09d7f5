/** What stands in the frame before anything runs: what it is, what it would do, and the button that begins. */
export interface PosterWords {
  readonly run: string;
  readonly running: string;
  /** That nothing is kept. */
  readonly unsaved: string;
}

/** Something that a lab would do. */
export interface PosterFact {
  readonly term: string;
  readonly details: readonly string[];
  /** What it would run by itself. */
  readonly lines?: string;
  /** It reaches beyond the lab, which only a person may grant. */
  readonly asks?: boolean;
}

export interface PosterOffer {
  readonly title: string;
  readonly about: string;
  readonly facts: readonly PosterFact[];
}

export interface Poster {
  /** Says what would be run. The button is there from the first time on. */
  show(offer: PosterOffer): void;
  /** It begins, and how far it is. */
  begin(progress: string): void;
  /** It waits for a click. */
  ask(why: string): void;
  /** It did not come about. `again`: the button tries again; without there is nothing to run. */
  fail(message: string, again: boolean): void;
  /** Everything runs. Whoever had the focus here goes on in what has come. */
  remove(goOn: () => void): void;
}

/** What asks for something cannot be clicked sooner, ms: a click that was meant for what stood there before is none for it. */
const readMs = 500;

/** Plain elements, so that a page with many labs has nothing to load before somebody begins. */
export function createPoster(parent: Element, words: PosterWords, run: () => void): Poster {
  const make = <Name extends keyof HTMLElementTagNameMap>(name: Name, said = '', kind = '') => {
    const element = document.createElement(name);
    element.textContent = said;
    element.className = kind;
    return element;
  };
  const poster = make('main', '', 'poster');
  const [title, about, asked, facts] = [make('h1'), make('p'), make('dl', '', 'asks'), make('dl')];
  const [button, progress, note] = [make('button', words.run), make('p'), make('p')];
  button.hidden = true;
  let reading: ReturnType<typeof setTimeout> | undefined;
  // Not `disabled`, which would take the focus from whoever has pressed it.
  const setBusy = (busy: boolean): void => button.setAttribute('aria-disabled', String(busy));
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-disabled') !== 'true') run();
  });
  progress.setAttribute('role', 'status');
  note.setAttribute('role', 'alert');
  poster.append(title, about, asked, button, progress, note, facts, make('p', words.unsaved, 'unsaved'));
  parent.append(poster);
  const rest = (said: string): void => {
    clearTimeout(reading);
    setBusy(false);
    button.textContent = words.run;
    progress.textContent = '';
    note.textContent = said;
  };
  const factsOf = (given: readonly PosterFact[]) =>
    given.flatMap(({ term, details, lines }) => [
      make('dt', term),
      ...details.map((each) => make('dd', each)),
      ...(lines === undefined ? [] : [inside(make('dd'), make('pre', lines))]),
    ]);
  return {
    show({ title: name, about: description, facts: given }) {
      title.textContent = name;
      about.textContent = description;
      asked.replaceChildren(...factsOf(given.filter(({ asks }) => asks)));
      facts.replaceChildren(...factsOf(given.filter(({ asks }) => !asks)));
      rest('');
      button.hidden = false;
      if (!asked.firstChild) return;
      setBusy(true);
      reading = setTimeout(() => setBusy(false), readMs);
    },
    begin(said) {
      note.textContent = '';
      progress.textContent = said;
      clearTimeout(reading);
      setBusy(true);
      button.textContent = words.running;
    },
    ask(why) {
      // The time in which it is read goes on.
      progress.textContent = why;
      button.textContent = words.run;
    },
    fail(message, again) {
      rest(message);
      button.hidden = !again;
    },
    remove(goOn) {
      const focused = poster.contains(document.activeElement);
      poster.remove();
      if (focused) goOn();
    },
  };
}

function inside(outer: HTMLElement, inner: HTMLElement): HTMLElement {
  outer.append(inner);
  return outer;
}
