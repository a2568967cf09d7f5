import { network } from '../network/recipe';
import { type BaseRecipe, runAs } from '../recipe';

/**
 * `dig` is Knot DNS's kdig, which takes the same arguments and prints nearly the same: BIND's is linked to libxml2 and so
 * to ICU, 15 MB compressed for one program.
 */
export const nettools: BaseRecipe = {
  name: 'nettools',
  parent: network,
  programs: ['curl', 'iperf3', 'knot-dnsutils', 'mtr-tiny', 'netcat-openbsd', 'nmap', 'tcpdump'],
  libraries: [
    'libblas3',
    'libbrotli1',
    'libcurl4',
    'libdbus-1-3',
    'libdnssec9',
    'libedit2',
    'libfstrm0',
    'libiperf0',
    'libjansson4',
    'libknot13',
    'libldap-2.5-0',
    'liblinear4',
    'liblmdb0',
    'liblua5.3-0',
    'libncurses6',
    'libnghttp2-14',
    'libpcap0.8',
    'libpcre3',
    'libprotobuf-c1',
    'libpsl5',
    'librtmp1',
    'libsasl2-2',
    'libsasl2-modules-db',
    'libsctp1',
    'libssh2-1',
    'libxdp1',
    'libzscanner4',
    'lua-lpeg',
    'nmap-common',
  ],
  links: { 'usr/local/bin/dig': '/usr/bin/kdig' },
  image: {
    title: 'Network tools',
    description: 'ip, ping, tcpdump, iperf3, nmap, dig, curl, mtr and nc',
    name: 'nettools',
    tags: ['12', 'latest'],
    versionOf: 'base-files',
    run: runAs({ cmd: ['bash'] }),
  },
};
