import { html } from 'lit';
import type { InstanceDraft } from '../../../engine/instance-record';
import type { Store } from '../../store';
import { text } from '../../text';
import '../overview/overview-view';

/** The view of the address, of which the element may come later. `launch` is asked for a machine to be made. */
export function routedView(
  store: Store,
  scheme: 'light' | 'dark',
  launch: (event: CustomEvent<InstanceDraft>) => void,
) {
  const route = store.route.value;
  switch (route.view) {
    case 'overview':
      return html`<strata-overview-view tabindex="0" role="group" aria-label=${text.overview.heading} .store=${store} @launch=${launch}></strata-overview-view>`;
    case 'compare':
      return html`<strata-compare-view .store=${store}></strata-compare-view>`;
    case 'orchestration':
      return html`<strata-orchestration-view .store=${store}></strata-orchestration-view>`;
    case 'scheduling':
      return html`<strata-scheduling-view .store=${store}></strata-scheduling-view>`;
    case 'topology':
      return html`<strata-topology-view .store=${store}></strata-topology-view>`;
    case 'tab':
      return html`<strata-tab-view .store=${store}></strata-tab-view>`;
    case 'events':
      return html`<strata-events-view .store=${store}></strata-events-view>`;
    case 'machines':
      return html`<strata-machines-view .store=${store} @launch=${launch}></strata-machines-view>`;
    case 'networks':
      return html`<strata-networks-view .store=${store}></strata-networks-view>`;
    case 'snapshots':
      return html`<strata-snapshots-view .store=${store}></strata-snapshots-view>`;
    case 'images':
      return html`<strata-images-view .store=${store}></strata-images-view>`;
    case 'volumes':
      return html`<strata-volumes-view .store=${store}></strata-volumes-view>`;
    case 'files':
      return html`<strata-files-view .store=${store}></strata-files-view>`;
    case 'lab':
      return html`<strata-lab-view .store=${store}></strata-lab-view>`;
    case 'containers':
    case 'container':
      return html`<strata-containers-view .store=${store} .scheme=${scheme}></strata-containers-view>`;
    case 'lessons':
    case 'lesson':
      return html`<strata-lessons-view .store=${store}></strata-lessons-view>`;
    case 'machine':
      return store.selected.value
        ? html`<strata-instance-view
            class=${route.tab === 'terminal' ? 'short' : ''}
            .store=${store}
            .record=${store.selected.value}
            .tab=${route.tab}
          ></strata-instance-view>`
        : html`<div class="gone"><h2>${text.machine.gone}</h2><p>${text.machine.goneDetail}</p></div>`;
  }
}
