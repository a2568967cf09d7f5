import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isAllowed, licenseText } from './licenses.mjs';
import { root } from './paths.mjs';

describe('licences', () => {
  it.each(['MIT', 'Apache-2.0', 'MIT OR GPL-3.0', 'AGPL-3.0 OR BSD-2-Clause', 'MIT AND ISC'])('allows %s', (name) => {
    expect(isAllowed(name)).toBe(true);
  });

  it.each(['AGPL-3.0', 'GPL-3.0', 'UNLICENSED', 'SEE LICENSE IN FILE', 'MIT AND AGPL-3.0', ''])(
    'refuses "%s"',
    (name) => {
      expect(isAllowed(name)).toBe(false);
    },
  );

  it('lists what is shipped, with its text, and nothing of the tools', () => {
    const text = licenseText(root);
    expect(text).toMatch(/^v86 \S+ \(BSD-2-Clause\)\n\n.*copyright/ims);
    expect(text).toMatch(/^lit \S+ \(BSD-3-Clause\)$/m);
    expect(text).not.toMatch(/^(vite|vitest|typescript) /m);
  });

  it('knows a licence in words of its own by its text, and what else is in the package', () => {
    const text = licenseText(root);
    expect(text).toMatch(/^@wasmer\/sdk 0\.16\.0 \(MIT, and products with more than a million users/m);
    expect(text).toMatch(/prominently\s+display "Wasmer"/);
    expect(text).toContain('Copyright (C) 2012-2022 by various contributors');
  });

  it('finds no package under the AGPL, not even an installed one', () => {
    const path = join(root, 'node_modules/@mercuryworkshop/wisp-js/package.json');
    const { name, license } = JSON.parse(readFileSync(path, 'utf8'));
    expect([name, license]).toEqual(['empty-npm-package', 'ISC']);
    expect(licenseText(root)).not.toMatch(/AGPL|Affero/);
  });
});
