/** The page that each of the forms serves: 1,024 bytes, none of which a shell would take for its own. */
export const servicePage =
  '<!doctype html><title>Strata</title><p>The same page from a VM, a container and a unikernel.'
    .padEnd(1023, '.')
    .concat('\n');

/** Of public/registry: the root of the VM and of the container, with the same httpd in it. */
export const serviceImage = 'busybox';

export const servicePort = 80;

/** What VM and container run, word for word. */
export const serviceCommand: readonly string[] = [
  'sh',
  '-c',
  'mkdir -p /www && printf %s "$0" > /www/index.html && exec httpd -f -p 80 -h /www',
  servicePage,
];

/** The unikernel, whose file is given to it. */
export const serviceUnikernel = 'strata/unikernel-httpd:1';
