import type { BrowserLab } from '../browser';
import type { Row } from '../row';
import { agentEcho, agentStream } from './agent';
import { coldBoot } from './cold-boot';
import { idleCpu } from './idle-cpu';
import { pageDelay } from './page-delay';
import { firstVisit, promptCold, promptWarm } from './prompt';
import { kernelSize, snapshotSize } from './sizes';

export interface BenchCase {
  readonly name: string;
  measure(lab: BrowserLab): Promise<readonly Row[]>;
}

export const cases: readonly BenchCase[] = [
  { name: 'prompt-warm', measure: promptWarm },
  { name: 'prompt-cold', measure: promptCold },
  { name: 'first-visit', measure: firstVisit },
  { name: 'cold-boot', measure: coldBoot },
  { name: 'snapshot-size', measure: snapshotSize },
  { name: 'kernel-size', measure: kernelSize },
  { name: 'agent-echo', measure: agentEcho },
  { name: 'agent-stream', measure: agentStream },
  { name: 'idle-cpu', measure: idleCpu },
  { name: 'page-delay', measure: pageDelay },
];
