import type { PosterFact } from './embed/poster';
import type { ScenarioPlan } from './engine/scenarios/plan-scenario';
import { parseReference } from './formats/reference';
import { formatMemory } from './ui/format';
import { embedText } from './ui/text/embed';
import { scenarioText } from './ui/text/scenarios';

const words = scenarioText.dialog;
const mebibyte = 1024 * 1024;

/** Where the images are from that come with the page. */
const ownRegistry = 'docker.io';

/** What a lab would start, fetch and ask for, as the page's own dialog says it. It comes when there is a plan to tell of. */
export function planFacts(plan: ScenarioPlan): readonly PosterFact[] {
  const { networks, images, memoryMiB, setups } = plan;
  const elsewhere = images.filter(isElsewhere);
  const own = images.filter((image) => !elsewhere.includes(image));
  const egress = networks.flatMap(({ name, egress: asked }) => (asked ? [{ name, ...asked }] : []));
  const asks = [
    ...egress.map(({ name, hosts, relay }) => {
      const said = words.egress(name, hosts);
      return relay === undefined ? said : embedText.relay(said, relay);
    }),
    ...(elsewhere.length > 0 ? [embedText.elsewhere(elsewhere)] : []),
  ];
  return [
    ...(asks.length > 0 ? [{ term: words.asks, details: asks, asks: true }] : []),
    { term: words.starts, details: [made(plan)] },
    { term: words.memory, details: [formatMemory(memoryMiB * mebibyte)] },
    ...(own.length > 0 ? [{ term: words.images, details: [own.join(', ')] }] : []),
    ...setups.map(({ instance, lines }) => ({
      term: words.runs,
      details: [words.setup(instance)],
      lines: lines.trim(),
    })),
  ];
}

/** What cannot be read is from nowhere that is known. */
function isElsewhere(image: string): boolean {
  try {
    return parseReference(image).registry !== ownRegistry;
  } catch {
    return true;
  }
}

function made({ scenario, networks }: ScenarioPlan): string {
  const count = (kind: string): number => scenario.instances.filter((each) => each.kind === kind).length;
  const parts = [
    count('vm') > 0 && words.machines(count('vm')),
    count('unikernel') > 0 && words.unikernels(count('unikernel')),
    scenario.containers.length > 0 && words.containers(scenario.containers.length),
    networks.length > 0 && words.networks(networks.map(({ name }) => name)),
  ].filter((part) => part !== false);
  return parts.length === 0 ? words.nothing : parts.join(', ');
}
