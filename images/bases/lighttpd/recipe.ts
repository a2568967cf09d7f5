import { debian } from '../debian/recipe';
import { type BaseRecipe, runAs } from '../recipe';

/** Its configuration is a short one of ours: Debian's asks Perl for the types of files, and logs into a file. */
export const lighttpd: BaseRecipe = {
  name: 'lighttpd',
  parent: debian,
  programs: ['lighttpd'],
  libraries: ['media-types'],
  image: {
    title: 'lighttpd',
    description: 'A small web server for the files in /var/www/html',
    name: 'lighttpd',
    tags: ['1.4', '1', 'latest'],
    versionOf: 'lighttpd',
    run: runAs({
      cmd: ['lighttpd', '-D', '-f', '/etc/lighttpd/lighttpd.conf'],
      exposedPorts: ['80/tcp'],
      workingDir: '/var/www/html',
      stopSignal: 'SIGINT',
    }),
  },
};
