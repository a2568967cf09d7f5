/** Longest name of a share, in bytes: what a guest mounts it by. Apart from the device, whose 9P server no page needs. */
export const maxTagBytes = 31;
