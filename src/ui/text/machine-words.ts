/** Words of machines that start from disks of their own. They come with the parts of the page that say them. */
export const machineWords = {
  screen: {
    label: (name: string) => `Screen of ${name}`,
    leave: 'All keys belong to the machine while its screen has the focus; Ctrl+Shift+. leaves it.',
    off: 'The machine is off. Start it, and its screen is here.',
    none: 'This machine has no screen: it runs our kernel, and its terminal is all that it shows.',
    text: 'What the screen says',
    copy: 'Copy the text',
    copied: 'Copied',
    noText: 'The screen shows a picture now, which has no text to copy',
    reset: 'Ctrl+Alt+Del',
    mouse: 'Give the mouse to the machine (Escape takes it back)',
    mouseShort: 'Mouse',
  },

  dialog: {
    title: 'Machine from a disk',
    about:
      'A whole PC with BIOS, screen and keyboard, which starts from your own disk as it is: an ISO, a raw hard disk or a floppy image. What it writes goes into a copy; the file stays as it was.',
    limit: 'The emulated processor has 32 bits: systems for 64 bits (amd64, x86_64) do not start.',
    name: 'Name',
    nameHint: 'Left empty, it gets the next free one',
    disks: 'Disks',
    take: 'Take a disk image…',
    takeLabel: 'A disk image: .iso, .img and the like',
    empty: 'Add an empty hard disk',
    emptySize: 'Size of the empty hard disk',
    remove: (what: string) => `Remove ${what}`,
    drives: { floppy: 'Floppy disk', disk: 'Hard disk', cdrom: 'CD-ROM' },
    stored: 'stored here already',
    missing: (file: string) => `${file} is not stored here: take the file`,
    notBootable: 'Nothing on it that a BIOS starts.',
    wantsUefi: 'It starts on UEFI only, which this machine has not.',
    noDisks: 'Take a disk image to begin, here or by dropping it on the page.',
    first: 'Starts from',
    memory: 'Memory, MB',
    model: 'Network card',
    models: { emulated: 'NE2000 (any system has a driver)', virtio: 'virtio (faster, for Linux since 4.0)' },
    network: 'Network',
    noNetwork: 'None',
    start: 'Store the disks and start it',
  },

  profile: {
    heading: 'Profile',
    about: 'Memory, disks, network cards and boot order in a file that makes the same machine elsewhere.',
    save: 'Save the profile',
  },

  notTaken: (file: string) => `${file} was not taken`,
  notSaved: (name: string) => `The profile of ${name} was not saved`,
} as const;
