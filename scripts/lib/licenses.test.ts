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
});
