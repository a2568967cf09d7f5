import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { familiarName, familiarReference, parseReference, serializeReference } from './reference';

const hex = 'a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4';
const digest = `sha256:${hex}`;

describe('a name of an image', () => {
  // Cases after the tests of github.com/distribution/reference: normalize_test.go and reference_test.go.
  it.each([
    ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
    ['docker/docker', 'docker.io/docker/docker:latest', 'docker/docker:latest'],
    ['library/debian', 'docker.io/library/debian:latest', 'debian:latest'],
    ['debian', 'docker.io/library/debian:latest', 'debian:latest'],
    ['docker.io/library/debian', 'docker.io/library/debian:latest', 'debian:latest'],
    ['docker.io/docker/docker', 'docker.io/docker/docker:latest', 'docker/docker:latest'],
    ['docker.io/debian', 'docker.io/library/debian:latest', 'debian:latest'],
    ['index.docker.io/docker/docker', 'docker.io/docker/docker:latest', 'docker/docker:latest'],
    ['index.docker.io/debian', 'docker.io/library/debian:latest', 'debian:latest'],
    ['127.0.0.1:5000/docker/docker', '127.0.0.1:5000/docker/docker:latest', '127.0.0.1:5000/docker/docker:latest'],
    ['127.0.0.1:5000/library/debian', '127.0.0.1:5000/library/debian:latest', '127.0.0.1:5000/library/debian:latest'],
    ['localhost/library/debian', 'localhost/library/debian:latest', 'localhost/library/debian:latest'],
    ['localhost/debian', 'localhost/debian:latest', 'localhost/debian:latest'],
    ['localhost:5000/a:b', 'localhost:5000/a:b', 'localhost:5000/a:b'],
    ['LOCALDOMAIN/docker/docker', 'LOCALDOMAIN/docker/docker:latest', 'LOCALDOMAIN/docker/docker:latest'],
    ['[fd00:1:2::3]:5000/app', '[fd00:1:2::3]:5000/app:latest', '[fd00:1:2::3]:5000/app:latest'],
    ['[::1]/app:1', '[::1]/app:1', '[::1]/app:1'],
    [`docker.io/${hex}`, `docker.io/library/${hex}:latest`, `library/${hex}:latest`],
    ['test.com:8080/foo', 'test.com:8080/foo:latest', 'test.com:8080/foo:latest'],
    ['test-com:8080/foo', 'test-com:8080/foo:latest', 'test-com:8080/foo:latest'],
    ['xn--n3h.com/myimage:xn--n3h.com', 'xn--n3h.com/myimage:xn--n3h.com', 'xn--n3h.com/myimage:xn--n3h.com'],
    ['foo/foo_bar.com:8080', 'docker.io/foo/foo_bar.com:8080', 'foo/foo_bar.com:8080'],
    ['foo_bar.com:8080', 'docker.io/library/foo_bar.com:8080', 'foo_bar.com:8080'],
    ['a.b/c.d/e__f/g-----h', 'a.b/c.d/e__f/g-----h:latest', 'a.b/c.d/e__f/g-----h:latest'],
    [`test:5000/repo@${digest}`, `test:5000/repo@${digest}`, `test:5000/repo@${digest}`],
    [`test:5000/repo:tag@${digest}`, `test:5000/repo:tag@${digest}`, `test:5000/repo:tag@${digest}`],
    [`busybox@${digest}`, `docker.io/library/busybox@${digest}`, `busybox@${digest}`],
    ['library/foo/bar', 'docker.io/library/foo/bar:latest', 'library/foo/bar:latest'],
    [`busybox:${'t'.repeat(128)}`, `docker.io/library/busybox:${'t'.repeat(128)}`, `busybox:${'t'.repeat(128)}`],
    [`a/${'b'.repeat(253)}`, `docker.io/a/${'b'.repeat(253)}:latest`, `a/${'b'.repeat(253)}:latest`],
  ])('%s is read in full and shown in short', (text, canonical, familiar) => {
    const reference = parseReference(text);
    expect(serializeReference(reference)).toBe(canonical);
    expect(familiarReference(reference)).toBe(familiar);
    expect(parseReference(canonical)).toEqual(reference);
    expect(parseReference(familiar)).toEqual(reference);
  });

  it.each([
    [''],
    [':justtag'],
    [`@${digest}`],
    [`repo@${digest.slice(0, -4)}`],
    [`repo@sha512:${hex}${hex}`],
    [`repo@${digest}@${digest}`],
    ['validname@invaliddigest:abcd'],
    ['Uppercase:tag'],
    ['test:5000/Uppercase/lowercase:tag'],
    ['docker/Docker'],
    [`a/${'b'.repeat(254)}`],
    [`busybox:${'t'.repeat(129)}`],
    ['busybox:'],
    ['busybox:a b'],
    ['busybox:-x'],
    ['aa/asdf$$^/aa'],
    ['-foo/bar'],
    ['foo/bar-'],
    ['foo//bar'],
    ['foo/'],
    ['/foo'],
    ['foo..bar'],
    ['foo___bar'],
    ['_foo'],
    ['foo._bar'],
    ['https://github.com/docker/docker'],
    ['docker///docker'],
    ['docker.io/docker/Docker'],
    ['docker.io/docker///docker'],
    ['[::1]'],
    ['[fe80::1%eth0]/a'],
    ['a-.com/b'],
    ['.com/b'],
    ['a.com:x/b'],
    [hex],
    ['busybox\n'],
    ['busy\u0000box'],
    ['x'.repeat(2000)],
  ])('%j is refused', (text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });

  it('says in docker words what is wrong', () => {
    expect(() => parseReference('Busybox')).toThrow('repository name (library/Busybox) must be lowercase');
    expect(() => parseReference(hex)).toThrow('cannot specify 64-byte hexadecimal strings');
    expect(() => parseReference('busybox:')).toThrow('Invalid reference format');
  });

  it('has a name without its tag', () => {
    expect(familiarName(parseReference('busybox:1'))).toBe('busybox');
    expect(familiarName(parseReference('a.b/c:1'))).toBe('a.b/c');
  });

  it('of any characters is read or refused, and what is read is read back', () => {
    const parts = fc.constantFrom(
      'a',
      'B',
      '0',
      '.',
      '_',
      '-',
      '/',
      ':',
      '@',
      '[',
      ']',
      digest,
      'docker.io',
      'library',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(parts, { maxLength: 8 }).map((each) => each.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          const reference = parseReference(text);
          expect(parseReference(serializeReference(reference))).toEqual(reference);
          expect(parseReference(familiarReference(reference))).toEqual(reference);
        } catch (error) {
          expect(error).toBeInstanceOf(SandboxError);
          expect(error).toMatchObject({ code: 'InvalidArgument' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
