import type { InstanceRecord } from '../../../engine/instance-record';
import type { FileOwner } from '../../files/open-guest-files';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { fileText } from '../../text/files';
import { GuestFiles } from '../files/guest-files';

/** The files of a machine, by programs in it. */
export class InstanceFiles extends GuestFiles {
  static override properties = { ...GuestFiles.properties, record: { attribute: false } };
  declare record: InstanceRecord | undefined;

  protected override readonly onlyRunning = fileText.onlyRunning;

  constructor() {
    super();
    this.record = undefined;
  }

  protected override get named(): string | undefined {
    return this.record?.name;
  }

  protected override owner(store: Store): FileOwner | undefined {
    const { record } = this;
    if (record?.state.phase !== 'running') return undefined;
    const { id } = record;
    return {
      id,
      exec: (spec) => store.instance(id).exec(spec),
      isThere: () => store.instances.value.some((each) => each.id === id),
    };
  }
}

define('strata-instance-files', InstanceFiles);
