import { html } from 'lit';
import type { ContainerStatus, ContainerSummary } from '../../../api/container';
import { type IconName, icon } from '../../elements/icon/icon';
import { containerText } from '../../text/containers';

const icons: Readonly<Record<ContainerStatus, IconName>> = {
  created: 'off',
  running: 'running',
  paused: 'paused',
  restarting: 'busy',
  removing: 'remove',
  exited: 'off',
  dead: 'failed',
};

/** The state of a container: picture, word and colour say the same; docker's own words tell the rest. */
export function containerState({ State, Status }: Pick<ContainerSummary, 'State' | 'Status'>) {
  const sick = Status.includes('(unhealthy)');
  return html`<span class="state ${State} ${sick ? 'unhealthy' : ''}" title=${Status}>
    ${icon(sick ? 'failed' : icons[State])}${Status === '' ? containerText.states[State] : Status}
  </span>`;
}
