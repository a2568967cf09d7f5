import type { Program } from '../grammar/command';
import { bool } from '../grammar/flag';
import { attach } from './containers/attach';
import { commit } from './containers/commit';
import { cp } from './containers/cp';
import { create } from './containers/create';
import { diff } from './containers/diff';
import { exec } from './containers/exec';
import { exportContainer } from './containers/export';
import { containerInspect } from './containers/inspect';
import { kill } from './containers/kill';
import { logs } from './containers/logs';
import { containerLs } from './containers/ls';
import { pause } from './containers/pause';
import { port } from './containers/port';
import { containerPrune } from './containers/prune';
import { rename } from './containers/rename';
import { restart } from './containers/restart';
import { rm } from './containers/rm';
import { run } from './containers/run';
import { start } from './containers/start';
import { stats } from './containers/stats';
import { stop } from './containers/stop';
import { top } from './containers/top';
import { unpause } from './containers/unpause';
import { update } from './containers/update';
import { wait } from './containers/wait';
import type { DockerContext } from './docker-context';
import { build } from './images/build';
import { history } from './images/history';
import { importImage } from './images/import';
import { imageInspect } from './images/inspect';
import { load } from './images/load';
import { imageLs } from './images/ls';
import { imagePrune } from './images/prune';
import { pull } from './images/pull';
import { push } from './images/push';
import { imageRm } from './images/rm';
import { save } from './images/save';
import { tag } from './images/tag';
import { networkConnect } from './networks/connect';
import { networkCreate } from './networks/create';
import { networkDisconnect } from './networks/disconnect';
import { networkInspect } from './networks/inspect';
import { networkLs } from './networks/ls';
import { networkPrune } from './networks/prune';
import { networkRm } from './networks/rm';
import { builderPrune } from './system/builder-prune';
import { df } from './system/df';
import { events } from './system/events';
import { info } from './system/info';
import { inspect } from './system/inspect';
import { login } from './system/login';
import { logout } from './system/logout';
import { systemPrune } from './system/prune';
import { version } from './system/version';
import { volumeCreate } from './volumes/create';
import { volumeInspect } from './volumes/inspect';
import { volumeLs } from './volumes/ls';
import { volumePrune } from './volumes/prune';
import { volumeRm } from './volumes/rm';

const noSwarm = 'There is no swarm here: hosts are added with "host create", and containers are placed on them.';
const noContexts = 'There is one engine, the one of this page.';
const noPlugins = 'The client has no plugins here.';

/** The `docker` command. */
export const dockerProgram: Program<DockerContext> = {
  name: 'docker',
  summary: 'A self-sufficient runtime for containers',
  groups: [
    { name: 'builder', summary: 'Manage builds' },
    { name: 'container', summary: 'Manage containers' },
    { name: 'image', summary: 'Manage images' },
    { name: 'network', summary: 'Manage networks' },
    { name: 'system', summary: 'Manage Docker' },
    { name: 'volume', summary: 'Manage volumes' },
  ],
  common: ['run', 'exec', 'ps', 'build', 'pull', 'push', 'images', 'login', 'logout', 'version', 'info'],
  commands: [
    ...[attach, commit, containerInspect, containerLs, containerPrune, cp, create, diff, exec, exportContainer, kill],
    ...[logs, pause, port, rename, restart, rm, run, start, stats, stop, top, unpause, update, wait],
    ...[build, history, imageInspect, imageLs, imagePrune, imageRm, importImage, load, pull, push, save, tag],
    ...[networkConnect, networkCreate, networkDisconnect, networkInspect, networkLs, networkPrune, networkRm],
    ...[volumeCreate, volumeInspect, volumeLs, volumePrune, volumeRm],
    ...[builderPrune, df, events, info, inspect, login, logout, systemPrune, version],
  ],
  missing: {
    buildx: 'There is one builder: docker build.',
    checkpoint: 'A container cannot be frozen by itself; "vm snapshot" saves a machine with all that runs in it.',
    compose: 'Compose files are not read yet; docker run and docker network create do the same by hand.',
    config: noSwarm,
    context: noContexts,
    manifest: 'Indexes of several platforms are read by docker pull and docker push, and not made by hand.',
    node: noSwarm,
    plugin: noPlugins,
    search:
      'No registry that a page may ask can be searched; the images that come with it are listed in the catalogue.',
    secret: noSwarm,
    service: noSwarm,
    stack: noSwarm,
    swarm: noSwarm,
    trust: 'Signatures are checked by the policy of the registry when an image is pulled.',
  },
  flags: {
    debug: bool('Enable debug mode', { short: 'D' }),
    version: bool('Print version information and quit', { short: 'v' }),
  },
  flagErrorCode: 125,
};
