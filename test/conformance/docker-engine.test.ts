import { afterAll, beforeAll, describe } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { hasHostPrograms } from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { type DockerEngine, openDockerEngine } from '../support/docker-engine';
import { dockerClientSuite } from './docker-client.suite';
import { dockerComposeSuite } from './docker-compose.suite';
import { dockerUnikernelSuite } from './docker-unikernel.suite';

const docker = findProgram('docker') ?? '';
const compose = findProgram('docker-compose') ?? '';

/** A hang guard: a cold guest on a busy machine takes its time. */
const guardMs = 300_000;

/** One engine for all that judges it. */
describe.runIf(docker && hasHostPrograms && hasFileSystemTools)(
  'the engine without a page',
  { timeout: guardMs },
  () => {
    let engine: DockerEngine;

    beforeAll(async () => {
      engine = await openDockerEngine();
    }, guardMs);
    afterAll(() => engine?.[Symbol.asyncDispose](), guardMs);

    dockerUnikernelSuite(docker, () => engine);
    dockerClientSuite(docker, () => engine);
    dockerComposeSuite(compose, () => engine);
  },
);
