import { css, html } from 'lit';
import type { InstanceRecord } from '../../../engine/instance-record';
import '../../elements/screen/screen';
import type { ScreenSource } from '../../elements/screen/screen';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { machineWords } from '../../text/machine-words';

/** The screen of an instance, while it has one to show. */
export class ScreenView extends StrataElement {
  static override properties = { store: { attribute: false }, record: { attribute: false } };
  declare store: Store | undefined;
  declare record: InstanceRecord | undefined;

  static override styles = [
    baseStyles,
    css`
      :host {
        display: flex;
        flex: 1;
        flex-direction: column;
        min-height: 0;
      }
      p {
        padding: var(--s3);
        color: var(--muted);
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.record = undefined;
  }

  override render() {
    const { store, record } = this;
    const { screen } = machineWords;
    if (!store || !record?.abilities.has('screen')) return html`<p>${screen.none}</p>`;
    const { phase } = record.state;
    if (phase !== 'running' && phase !== 'paused' && phase !== 'starting' && phase !== 'stopping') {
      return html`<p>${screen.off}</p>`;
    }
    const instance = store.instance(record.id);
    const source = instance.attachScreen ? (instance as ScreenSource) : undefined;
    return html`<strata-screen .source=${source} .label=${screen.label(record.name)}></strata-screen>`;
  }
}

define('strata-screen-view', ScreenView);
