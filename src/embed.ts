import { systemClock } from './base/clock';
import { toSandboxError } from './base/errors';
import { CallGate } from './embed/call-gate';
import { openDoor } from './embed/door';
import { parseEmbedAddress } from './embed/embed-address';
import { EmbedHome } from './embed/embed-home';
import { labCalls } from './embed/lab-calls';
import { createPoster } from './embed/poster';
import './ui/styles/tokens.css';
import './ui/styles/poster.css';
import type { Dock } from './ui/elements/dock/dock';
import { embedText as text } from './ui/text/embed';
import type { AppView } from './ui/views/app/app-view';

const address = parseEmbedAddress(location.hash);
let gate: CallGate | undefined;

const home = new EmbedHome({
  // Nothing of the lab is fetched before somebody begins.
  async start() {
    const { runEmbedded } = await import('./app');
    return runEmbedded({ view: address.view, unsaved: text.unsaved });
  },
  words: text.home,
  machine: text.machine,
  lesson: address.lesson,
  wantMemory: async (wants) => gate?.wantMemory(wants),
});

const words = {
  title: home.scenario.name,
  about: home.scenario.description ?? '',
  run: text.run,
  running: text.running,
};
const run = (): void => {
  // How it goes is told by its phase.
  home.run().catch(() => {});
};
const poster = createPoster(document.body, words, run);
home.offered((scenario) => poster.show(scenario.name, scenario.description ?? ''));
home.told((message) => {
  gate?.tell(message);
  if (message.event !== 'phase') return;
  const { phase, message: said = '' } = message.tells;
  if (phase === 'starting') poster.begin();
  else if (phase === 'failed') poster.fail(said);
  else if (phase === 'ready') poster.remove(() => void goOn());
});

const refused = (reason: string): void => console.warn(text.refused(reason));
openDoor({
  window,
  address,
  open(port) {
    gate = new CallGate({ port, handlers: labCalls(home), clock: systemClock, refused });
  },
  refused,
});

/** To its terminal, where it has one, or else to what is shown. */
async function goOn(): Promise<void> {
  const view = document.querySelector<AppView>('strata-app');
  await view?.updateComplete;
  const dock = view?.renderRoot.querySelector<Dock>('strata-dock:not([hidden])');
  if (dock) await dock.focusTerminal();
  else view?.renderRoot.querySelector<HTMLElement>('main')?.focus();
}

async function offerCode(code: string): Promise<void> {
  try {
    const { decodeShareCode } = await import('./formats/scenario/share-code');
    await home.offer(await decodeShareCode(code));
  } catch (error) {
    poster.fail(toSandboxError(error).message);
  }
}

if (address.code !== undefined) await offerCode(address.code);
if (address.autorun) run();
