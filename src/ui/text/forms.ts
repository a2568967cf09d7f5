/** Words of dialogs, and about what is typed into them. They come with the dialogs. */
export const formText = {
  between: (least: number, most: number) => `Enter a whole number from ${least} to ${most}`,
  /** Of machines and whatever else has a host name. */
  nameRule: 'Use lower-case letters, digits and hyphens, with a letter or digit at both ends',
  nameLength: (most: number) => `Use at most ${most} characters`,
  nameTaken: (name: string) => `There is one called ${name} already: choose another name`,
  working: 'One moment',
  /** Some of several were made. */
  partly: (made: number, count: number, why: string) => `${made} of ${count} were made and start. The next: ${why}`,

  vm: {
    title: 'New virtual machine',
    kind: 'Kind',
    name: 'Name',
    nameHint: 'Left empty, it gets the next free one',
    custom: 'Memory, MB',
    devices: 'Devices',
    virtio: 'virtio: fast, made for virtual machines',
    emulated: 'Emulated: old hardware, in full',
    host: 'Container host: with the tools that run containers',
    networks: 'Network cards',
    nic: (index: number) => `eth${index}`,
    addNic: 'Add a card',
    removeNic: (index: number) => `Remove eth${index}`,
    disk: 'Disk',
    noDisk: 'None',
    hostDisk: '8 GB, for containers',
    volumes: 'Volumes',
    volume: (name: string, size: string) => `${name}, ${size}`,
    volumesOnce: 'A volume is attached to one machine at a time',
    diskSize: (size: string) => size,
    shared: 'Have the shared folder at /shared',
    count: 'How many',
    start: (count: number) => (count === 1 ? 'Start it' : `Start ${count}`),
    many: 'Several machines get a number behind the name',
    total: (memory: string) => `Together they take ${memory} of memory`,
  },

  clone: {
    title: (name: string) => `Clone ${name}`,
    body: 'Each clone begins where the original is, with a name, addresses and a clock of its own. Disks are shared until written to.',
    count: 'How many',
    names: 'Names, one a line',
    namesHint: 'Left empty, they get the next free ones',
    go: (count: number) => (count === 1 ? 'Clone' : `Make ${count} clones`),
    twice: (name: string) => `${name} stands there twice`,
    tooMany: (count: number, names: number) => `There are ${names} names for ${count} clones`,
  },

  snapshot: {
    title: (name: string) => `Snapshot of ${name}`,
    name: 'Name',
    notes: 'Notes',
    suggestion: (machine: string, time: string) => `${machine} at ${time}`,
    go: 'Take the snapshot',
    empty: 'Give it a name',
  },

  network: {
    title: 'New network',
    name: 'Name',
    subnet: 'Subnet',
    subnetHint: 'IPv4 in CIDR notation; the first address is kept for the gateway',
    mtu: 'MTU',
    mtuUsual: '1500: as everywhere',
    mtuJumbo: '9000: jumbo frames, for fast transfers',
    go: 'Make the network',
  },

  rename: { title: (name: string) => `Rename ${name}`, name: 'New name', go: 'Rename' },

  help: {
    title: 'Keyboard',
    shortcut: 'Keys',
    what: 'What they do',
    single: 'Single keys work (? and N and the like)',
    terminal: 'In a terminal all keys belong to the guest, but for the one that leaves it.',
    groups: { page: 'Everywhere', lists: 'In lists, tables and trees', terminals: 'In the terminals' },
  },

  palette: {
    title: 'Commands',
    placeholder: 'Type what you want to do',
    none: 'No command matches',
    go: (view: string) => `Go to ${view}`,
    do: (action: string, name: string) => `${action} ${name}`,
  },
} as const;
