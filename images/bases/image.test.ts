import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseImageConfig, serializeImageConfig } from '../../src/formats/image-config';
import { digestOf } from '../lib/digest';
import { lockedPackage, readLock } from '../lib/lock';
import { selectRecipes } from './build';
import { imageConfig } from './image';
import { packagesOf, recipeChain } from './recipe';
import { baseRecipes } from './recipes';

const lock = readLock();
const images = baseRecipes.flatMap((recipe) => (recipe.image ? [{ recipe, image: recipe.image }] : []));

describe('recipes of base images', () => {
  it('are those that the page is promised', () => {
    const names = images.map(({ image }) => image.name);
    expect(names).toEqual(['busybox', 'debian', 'lighttpd', 'python', 'redis', 'sqlite', 'frr', 'nettools']);
  });

  it('come after the one they are layered on, and lie in a folder of their name', () => {
    baseRecipes.forEach(({ name, parent }, at) => {
      if (parent) expect(baseRecipes.indexOf(parent), name).toBeLessThan(at);
      if (parent) expect(baseRecipes).toContain(parent);
      expect(existsSync(join(import.meta.dirname, name, 'recipe.ts')), name).toBe(true);
    });
  });

  it('list every package once', () => {
    for (const recipe of baseRecipes) {
      const names = recipeChain(recipe).flatMap((step) => packagesOf(step).names);
      expect(
        names.filter((name, at) => names.indexOf(name) !== at),
        recipe.name,
      ).toEqual([]);
    }
  });

  it('are selected by name, with what they stand on', () => {
    const names = (...wanted: readonly string[]) => selectRecipes(wanted).map(({ name }) => name);
    expect(names('redis', 'busybox')).toEqual(['busybox', 'debian', 'runtime', 'redis']);
    expect(names()).toEqual(baseRecipes.map(({ name }) => name));
    expect(() => names('runtime')).toThrow('There is no base image runtime, only busybox, debian');
  });

  it.each(images)(
    '$image.name gets a config for linux/386 that says how it runs and what it is made from',
    ({ recipe, image }) => {
      const chain = recipeChain(recipe);
      const packages = chain.flatMap((step) => packagesOf(step).names).map((name) => lockedPackage(lock, name));
      const layers = chain.map((step) => ({ recipe: step, diffId: digestOf(step.name) }));
      const config = parseImageConfig(serializeImageConfig(imageConfig(image, layers, packages)));
      expect(config.platform).toEqual({ os: 'linux', architecture: '386' });
      expect(config.diffIds).toEqual(layers.map(({ diffId }) => diffId));
      expect(config.history).toHaveLength(layers.length);
      expect(config.run).toMatchObject({ cmd: image.run.cmd, exposedPorts: image.run.exposedPorts });
      expect(config.run.env[0]).toMatch(/^PATH=/);
      const main = lockedPackage(lock, image.versionOf);
      expect(config.run.labels['org.opencontainers.image.version']).toBe(main.version);
      expect(config.run.labels['dev.strata.sources']?.split(' ')).toContain(`${main.source}=${main.sourceVersion}`);
    },
  );
});
