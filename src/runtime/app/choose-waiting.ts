import { findJspi } from '../unikernel/jspi';
import type { Waiting } from './program-terminal';

/** The best way to wait that programs have in this browser; `isolated`: memory can be shared with workers. */
export function chooseWaiting(isolated: boolean): Waiting {
  if (findJspi()) return 'jspi';
  return isolated ? 'shared' : 'none';
}
