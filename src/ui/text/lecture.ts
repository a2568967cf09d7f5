import type { Place } from '../route';

/** A term of lectures on clouds, and what plays its role on this page. */
export interface LectureTerm {
  readonly term: string;
  readonly role: string;
}

const iaas = (what: string): LectureTerm => ({
  term: 'IaaS',
  role: `Infrastructure as a service: you are given ${what}, and all that runs on it is yours to look after.`,
});

const paas = (what: string): LectureTerm => ({
  term: 'PaaS',
  role: `Platform as a service: you bring a program, and ${what}.`,
});

/** Where which term belongs. They come with the switch that shows them. */
export const lectureText = {
  label: 'Terms of the lecture',
  switchOn: 'Show the terms of the lecture',
  switchOff: 'Hide the terms of the lecture',
  terms: {
    overview: [
      { term: 'Horizon', role: 'The dashboard of OpenStack. Here it is this page.' },
      {
        term: 'SaaS',
        role: 'Software as a service: you use a program that somebody else runs, with nothing but a browser. Whoever opens a published port of an instance here does just that.',
      },
    ],
    lab: [
      {
        term: 'Heat',
        role: 'Makes whole stacks from a template that says what there is. Here the template is a scenario, and the lab is the stack.',
      },
    ],
    lessons: [
      {
        term: 'Workflow',
        role: 'The uppermost of the seven: what people do with a cloud, step by step. Here that is to learn how it works.',
      },
    ],
    topology: [
      { term: 'Horizon', role: 'Its page of networks draws such a picture of routers, networks and servers.' },
      { term: 'Neutron', role: 'What the picture shows: networks, their gateways and who is plugged in where.' },
    ],
    compare: [
      {
        term: 'Para',
        role: 'Paravirtualization: a guest that knows it is one, and speaks to its host by devices thought out for that. Here they are those of virtio.',
      },
      {
        term: 'Full',
        role: 'Full virtualization: a guest that cannot tell. Here it drives an NE2000 and an ATA disk that are only programs.',
      },
    ],
    orchestration: [paas('it is kept running, restarted when it fails and woken when it is wanted')],
    scheduling: [
      {
        term: 'Nova',
        role: 'Its scheduler looks for a compute node with room for an instance: it filters, then it weighs. So does the engine here, with hosts for containers.',
      },
    ],
    containers: [paas('the engine gives it a file system, a network and limits, on a host that you need not know')],
    images: [
      { term: 'Glance', role: 'The image service of OpenStack. Here it is the registry with the store of images.' },
    ],
    files: [
      {
        term: 'Swift',
        role: 'Keeps files as objects, reached from anywhere by their names. The shared folder here comes closest; its parts lie by their digest in the store of this tab.',
      },
    ],
    machines: [
      { term: 'Nova', role: 'The compute service of OpenStack: starts, stops and moves machines. Here it is the lab.' },
      {
        term: 'Type 2',
        role: 'A hypervisor that is a program on an operating system, as QEMU and VirtualBox are. The emulator here is one: it runs in a browser.',
      },
      iaas('machines with networks and disks'),
    ],
    networks: [
      {
        term: 'Neutron',
        role: 'Networks, addresses and routers of OpenStack. Here they are the switch and the gateways.',
      },
      iaas('networks of your own'),
    ],
    volumes: [
      {
        term: 'Cinder',
        role: 'Block volumes of OpenStack that outlive their machines. Here they are the volumes of the lab.',
      },
      iaas('disks'),
    ],
    snapshots: [
      { term: 'Glance', role: 'A snapshot of a server is kept as an image there. Here it has its memory in it, too.' },
    ],
    tab: [
      {
        term: 'Type 1',
        role: 'A hypervisor on the bare machine, as Xen and ESXi are. There is none here: below everything is a browser on an operating system.',
      },
      {
        term: 'Keystone',
        role: 'Says in OpenStack who you are and what you may do. Here the browser does: what this origin stores is yours alone, and one tab at a time holds the lab.',
      },
      {
        term: 'Swift',
        role: 'Keeps objects by their names, several times over. Here the content store keeps blobs by their digests, once.',
      },
    ],
    events: [
      {
        term: 'Ceilometer',
        role: 'Gathers in OpenStack what happens to servers, images and networks, and what they use. Here it is this log, with the figures of each instance.',
      },
    ],
  } satisfies Readonly<Record<Place, readonly LectureTerm[]>>,
} as const;
