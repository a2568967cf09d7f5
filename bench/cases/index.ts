import type { BrowserLab } from '../browser';
import type { Row } from '../row';
import { agentEcho, agentStream } from './agent';
import { cachedBuild } from './build';
import { coldBoot } from './cold-boot';
import { comparison } from './compare';
import { fromClosedPage } from './containers/closed-page';
import { idleContainers } from './containers/idle-containers';
import { logFollower } from './containers/log-follower';
import { rebuild } from './containers/rebuild';
import { runAndExec } from './containers/run-and-exec';
import { twoHosts } from './containers/two-hosts';
import { guestDisk } from './disk';
import { embeddedPrompt } from './embed';
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
import { firstPaint, offlineStart } from './page-open';
import { firstVisit, promptCold, promptWarm } from './prompt';
import { publishedPort } from './published-port';
import { imagePull } from './pull';
import { sameHttpd } from './same-httpd';
import { createOverNetwork, dhcpLeases, sleepingService } from './services';
import { kernelSize, snapshotSize } from './sizes';
import { switchFrames } from './switch';
import { topologyFrame, topologyInteraction } from './topology';
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
  { name: 'first-paint', measure: firstPaint },
  { name: 'offline-start', measure: offlineStart },
  { name: 'embed', measure: embeddedPrompt },
  { name: 'cold-boot', measure: coldBoot },
  { name: 'snapshot-size', measure: snapshotSize },
  { name: 'kernel-size', measure: kernelSize },
  { name: 'agent-echo', measure: agentEcho },
  { name: 'agent-stream', measure: agentStream },
  { name: 'disk', measure: guestDisk },
  { name: 'idle-cpu', measure: idleCpu },
  { name: 'image-load', measure: imageLoad },
  { name: 'build', measure: cachedBuild },
  { name: 'containers-run', measure: runAndExec },
  { name: 'containers-closed-page', measure: fromClosedPage },
  { name: 'containers-idle', measure: idleContainers },
  { name: 'containers-network', measure: twoHosts },
  { name: 'containers-log', measure: logFollower },
  { name: 'containers-rebuild', measure: rebuild },
  { name: 'page-delay', measure: pageDelay },
  { name: 'page-flood', measure: pageFlood },
  { name: 'topology-frame', measure: topologyFrame },
  { name: 'topology-interaction', measure: topologyInteraction },
  { name: 'switch', measure: switchFrames },
  { name: 'unikernel', measure: unikernels },
  { name: 'published-port', measure: publishedPort },
  { name: 'lb', measure: balancer },
  { name: 'create', measure: createOverNetwork },
  { name: 'wake', measure: sleepingService },
  { name: 'dhcp', measure: dhcpLeases },
  { name: 'vm-httpd', measure: vmToHttpd },
  { name: 'same-httpd', measure: sameHttpd },
  { name: 'compare', measure: comparison },
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
