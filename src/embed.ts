import { systemClock } from './base/clock';
import { SandboxError, toSandboxError } from './base/errors';
import { CallGate } from './embed/call-gate';
import { openDoor } from './embed/door';
import { parseEmbedAddress } from './embed/embed-address';
import { EmbedHome, type LabOffer } from './embed/embed-home';
import { labCalls } from './embed/lab-calls';
import { fetchLessonOffer } from './embed/lesson-offer';
import { createPoster } from './embed/poster';
import { readPlan } from './embed/read-plan';
import { openSiteMemory } from './embed/site-memory';
import './ui/styles/tokens.css';
import './ui/styles/poster.css';
import type { ScenarioPlan } from './engine/scenarios/plan-scenario';
import { labMemoryMiB } from './sdk/device-memory';
import { places } from './ui/route';
import { embedText as text } from './ui/text/embed';
import type { FrameView } from './ui/views/frame/frame-view';

const address = parseEmbedAddress(location.hash, window.parent !== window);
const views = ['terminal', 'lesson', ...places];
let gate: CallGate | undefined;
const site = openSiteMemory({ clock: systemClock, totalMiB: labMemoryMiB(), id: crypto.randomUUID() });

const wrong = wrongWords();
const facts = async (plan: ScenarioPlan) => (await import('./embed-facts')).planFacts(plan);

const home = new EmbedHome({
  // Nothing of the lab is fetched before somebody begins.
  async start() {
    const { runEmbedded } = await import('./app');
    return runEmbedded({ view: address.view, unsaved: text.unsaved });
  },
  words: text.home,
  machine: text.machine,
  lesson: address.lesson,
  wrong,
  facts,
  memory: [
    { of: 'page', want: async (wants) => gate?.wantMemory(wants) },
    { of: 'site', want: async (wants) => site?.take(wants) },
  ],
});

// How it goes is told by its phase.
const poster = createPoster(document.body, text, () => void home.click().catch(() => {}));
home.offered((offer) => poster.show(offer));
home.told((message) => {
  gate?.tell(message);
  if (message.event !== 'phase') return;
  const { phase, message: said = '' } = message.tells;
  if (phase === 'starting') poster.begin(said);
  else if (phase === 'waiting') poster.ask(said);
  else if (phase === 'failed') poster.fail(said, !home.broken);
  else poster.remove(() => void goOn());
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
for (const word of address.unknown) console.warn(text.unknownWord(word));

// How it goes is told by its phase.
begin().catch(() => {});

/** What cannot be shown is told, and nothing else is run in its place. */
async function begin(): Promise<void> {
  const { lesson, code, offers } = address;
  if (wrong !== undefined) await home.offerUsual();
  else if (code !== undefined) await home.offer(scenarioOf(code));
  else if (offers) poster.ask(text.awaits);
  else if (lesson !== undefined) await home.offerUsual(lessonOffer(lesson));
  else await home.offerUsual();
  if (address.autorun) await home.run();
}

async function scenarioOf(code: string): Promise<string> {
  const { decodeShareCode } = await import('./formats/scenario/share-code');
  try {
    return await decodeShareCode(code);
  } catch (error) {
    const { code: kind, message } = toSandboxError(error);
    throw new SandboxError(kind, text.link(message));
  }
}

function lessonOffer(lesson: string): Promise<LabOffer> {
  return fetchLessonOffer(lesson, {
    fetchFile: (path) => fetch(new URL(`lessons/${path}`, document.baseURI)),
    facts: async (lab) => facts(await readPlan(lab, text.home)),
    words: text.lesson,
  });
}

function wrongWords(): string | undefined {
  const { view, lesson, unknown } = address;
  if (unknown.includes('scenario')) return text.scenarioWord;
  if (view === 'lesson') return lesson === undefined ? text.lessonView : undefined;
  return views.includes(view) ? undefined : text.view(view, views);
}

/** To its terminal, where it has one, or else to what is shown. */
async function goOn(): Promise<void> {
  await document.querySelector<FrameView>('strata-frame')?.goOn();
}
