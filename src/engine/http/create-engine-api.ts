import type { ImageBuilder } from '../../api/build';
import type { ContainerEngine } from '../../api/container-engine';
import type { Clock } from '../../base/clock';
import type { Images } from '../images';
import type { Registries } from '../registries';
import { authRoutes } from './auth-routes';
import { buildRoutes } from './build-routes';
import { commitRoutes } from './commit-routes';
import { containerFileRoutes } from './container-file-routes';
import { containerRoutes } from './container-routes';
import { containerStreamRoutes } from './container-stream-routes';
import { EngineRouter } from './engine-router';
import { execRoutes } from './exec-routes';
import { imageRoutes } from './image-routes';
import { imageTransferRoutes } from './image-transfer-routes';
import { networkRoutes } from './network-routes';
import { swarmRoutes } from './swarm-routes';
import { systemRoutes } from './system-routes';
import { volumeRoutes } from './volume-routes';

export interface EngineApiOptions {
  readonly engine: ContainerEngine;
  readonly images: Images;
  readonly registries: Registries;
  /** Without, there is nothing that builds. */
  readonly builder?: ImageBuilder;
  readonly clock: Clock;
}

/** The Docker Engine API of an engine. */
export function createEngineApi({ engine, images, registries, builder, clock }: EngineApiOptions): EngineRouter {
  const { containers, execs, networks, volumes } = engine;
  const { Version, Os } = engine.version();
  return new EngineRouter({
    server: `Strata/${Version} (${Os})`,
    routes: [
      ...systemRoutes({ engine, images, clock, ...(builder && { builder }) }),
      ...containerRoutes(containers, clock),
      ...containerStreamRoutes(containers, clock),
      ...containerFileRoutes(containers),
      ...execRoutes(execs),
      ...commitRoutes(containers),
      ...imageRoutes({ images, clock }),
      ...imageTransferRoutes({ images, registries }),
      ...(builder ? buildRoutes(builder, clock) : []),
      ...networkRoutes(networks, clock),
      ...volumeRoutes(volumes),
      ...authRoutes(registries),
      ...swarmRoutes,
    ],
  });
}
