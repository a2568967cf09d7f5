import type { BrowserLab } from '../browser';
import type { Row } from '../row';
import { agentEcho, agentStream } from './agent';
import { cachedBuild } from './build';
import { coldBoot } from './cold-boot';
import { guestDisk } from './disk';
import { broadcastFlood, cloneToPrompt, eightMachines, migrationDowntime, vmPing, vmTcp } from './fleet';
import { idleCpu } from './idle-cpu';
import { imageLoad } from './image-load';
import { imageMachine } from './image-machine';
import { inbrowserTcp } from './inbrowser';
import { layerIngest } from './layer';
import { layerOverNineP } from './nine-p';
import { besideEmulatorFiles } from './nine-p-beside';
import { pageDelay } from './page-delay';
import { pageFlood } from './page-flood';
import { firstVisit, promptCold, promptWarm } from './prompt';
import { publishedPort } from './published-port';
import { imagePull } from './pull';
import { sameHttpd } from './same-httpd';
import { createOverNetwork, dhcpLeases, sleepingService } from './services';
import { kernelSize, snapshotSize } from './sizes';
import { switchFrames } from './switch';
import { balancer, unikernels } from './unikernel';
import { vmToHttpd } from './vm-httpd';

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
  { name: 'disk', measure: guestDisk },
  { name: 'idle-cpu', measure: idleCpu },
  { name: 'image-load', measure: imageLoad },
  { name: 'build', measure: cachedBuild },
  { name: 'page-delay', measure: pageDelay },
  { name: 'page-flood', measure: pageFlood },
  { name: 'switch', measure: switchFrames },
  { name: 'unikernel', measure: unikernels },
  { name: 'published-port', measure: publishedPort },
  { name: 'lb', measure: balancer },
  { name: 'create', measure: createOverNetwork },
  { name: 'wake', measure: sleepingService },
  { name: 'dhcp', measure: dhcpLeases },
  { name: 'vm-httpd', measure: vmToHttpd },
  { name: 'same-httpd', measure: sameHttpd },
  { name: 'clone', measure: cloneToPrompt },
  { name: 'vm-ping', measure: vmPing },
  { name: 'vm-tcp', measure: vmTcp },
  { name: 'inbrowser', measure: inbrowserTcp },
  { name: 'eight', measure: eightMachines },
  { name: 'migration', measure: migrationDowntime },
  { name: 'image-machine', measure: imageMachine },
  { name: 'pull', measure: imagePull },
  { name: 'nine-p', measure: async (lab) => [...(await layerOverNineP(lab)), ...(await besideEmulatorFiles())] },
  { name: 'nine-p-beside', measure: besideEmulatorFiles },
  { name: 'layer', measure: layerIngest },
  { name: 'broadcast-flood', measure: broadcastFlood },
];
