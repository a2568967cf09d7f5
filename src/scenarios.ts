import type { EmbeddedWork } from './embed/embed-home';
import type { Lab } from './engine/lab';
import { LabScenarios } from './engine/scenarios/lab-scenarios';
import type { Scenario } from './formats/scenario/scenario';
import { type PageStock, pullFrom } from './images';
import { keepStorage } from './keep-storage';
import { ScenarioShelf } from './ui/scenarios/scenario-shelf';
import type { Store } from './ui/store';

/** Scenarios of the lab. A part of the page that comes when it is first wanted. */
export function createLabScenarios(stock: PageStock, lab: Lab): LabScenarios {
  return new LabScenarios({
    lab,
    engine: () => lab.containers(),
    pull: pullFrom(stock),
    config: async (image) => (await stock.images.inspect(image)).Config,
    names: async (image) => (await stock.images.inspect(image)).RepoDigests,
  });
}

/** One that an embedded lab runs. */
export async function scenarioWork(scenarios: LabScenarios, scenario: Scenario): Promise<EmbeddedWork> {
  const plan = await scenarios.plan(scenario);
  return { memoryMiB: plan.memoryMiB, begin: async () => (await scenarios.open(plan).opened).failures };
}

/** What shows them. */
export function createScenarioShelf(stock: PageStock, lab: Lab, page: Store): ScenarioShelf {
  const shelf = new ScenarioShelf({
    scenarios: createLabScenarios(stock, lab),
    lab,
    engine: () => lab.containers(),
    archives: () => lab.archives(stock.images),
    keeps: () => page.storage.value.persistent,
    mayEvict: async () => !(await isPersisted()),
    reload: () => location.reload(),
    settings: page.settings,
    page: new URL(document.baseURI),
    ask: (dialog) => page.ask(dialog),
    report: (title, error) => page.report(title, error),
    announce: (message) => page.announce(message),
  });
  // With the first of them the browser is asked to keep what is stored, and it may ask the user in turn.
  lab.tasks.changes(({ state }) => {
    if (state === 'succeeded') void keepStorage().then(() => shelf.lookAtStorage());
  });
  return shelf;
}

/** A browser that cannot say is one that may throw things away. */
async function isPersisted(): Promise<boolean> {
  // Not there where the page is no secure context.
  const storage = navigator.storage as StorageManager | undefined;
  return (await storage?.persisted().catch(() => false)) ?? false;
}
