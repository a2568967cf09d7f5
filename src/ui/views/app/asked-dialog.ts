import { html, nothing } from 'lit';
import type { Store } from '../../store';

/** The dialog that the page shows, of which the element may come later. */
export function askedDialog(store: Store) {
  const dialog = store.dialog.value;
  if (!dialog) return nothing;
  // The next dialog may have been asked for before this one says that it is closed.
  const end = (): void => {
    if (store.dialog.value === dialog) store.ask(undefined);
  };
  switch (dialog.kind) {
    case 'new-vm':
      return html`<strata-vm-dialog .store=${store} @end=${end}></strata-vm-dialog>`;
    case 'new-unikernel':
      return html`<strata-unikernel-dialog .store=${store} .offer=${dialog.offer} @end=${end}></strata-unikernel-dialog>`;
    case 'new-app':
      return html`<strata-app-dialog .store=${store} .offer=${dialog.offer} @end=${end}></strata-app-dialog>`;
    case 'new-machine':
      return html`<strata-machine-dialog .store=${store} .question=${dialog} @end=${end}></strata-machine-dialog>`;
    case 'new-container':
      return html`<strata-container-dialog .store=${store} @end=${end}></strata-container-dialog>`;
    case 'new-network':
      return html`<strata-network-dialog .store=${store} @end=${end}></strata-network-dialog>`;
    case 'egress':
      return html`<strata-egress-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-egress-dialog>`;
    case 'new-volume':
      return html`<strata-volume-dialog .store=${store} @end=${end}></strata-volume-dialog>`;
    case 'brought-tar':
      return html`<strata-tar-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-tar-dialog>`;
    case 'scenario':
      return html`<strata-scenario-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-scenario-dialog>`;
    case 'broken-scenario':
      return html`<strata-broken-scenario-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-broken-scenario-dialog>`;
    case 'archive':
      return html`<strata-archive-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-archive-dialog>`;
    case 'signatures':
      return html`<strata-signature-dialog .store=${store} @end=${end}></strata-signature-dialog>`;
    case 'settings':
      return html`<strata-settings-dialog .store=${store} @end=${end}></strata-settings-dialog>`;
    case 'help':
      return html`<strata-help-dialog .store=${store} @end=${end}></strata-help-dialog>`;
    case 'palette':
      return html`<strata-palette-dialog .store=${store} @end=${end}></strata-palette-dialog>`;
    case 'rename':
      return html`<strata-rename-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-rename-dialog>`;
    case 'snapshot':
      return html`<strata-snapshot-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-snapshot-dialog>`;
    case 'clone':
      return html`<strata-clone-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-clone-dialog>`;
    case 'replace-files':
      return html`<strata-replace-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-replace-dialog>`;
    case 'new-lab':
      return html`<strata-new-lab-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-new-lab-dialog>`;
    case 'confirm':
      return html`<strata-confirm-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-confirm-dialog>`;
  }
}
