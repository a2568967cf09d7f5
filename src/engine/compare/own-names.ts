/** All that a comparison starts: known by these names, in this page and after a reload. */
export const ownNames = {
  vm: 'compare-vm',
  host: 'compare-host',
  container: 'compare-container',
  unikernel: 'compare-unikernel',
  virtio: 'compare-virtio',
  emulated: 'compare-emulated',
} as const;
