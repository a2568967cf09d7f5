import { css, html, nothing } from 'lit';
import type { InstanceRecord } from '../../../engine/instance-record';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { statText } from '../../text/stats';

/** All that is known of an instance, as JSON. */
export class InstanceInspect extends StrataElement {
  static override properties = { record: { attribute: false } };
  declare record: InstanceRecord | undefined;

  static override styles = [
    baseStyles,
    css`
      pre {
        margin: 0;
        padding: var(--s2) var(--s3);
        font: var(--t0) / 1.5 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      pre:focus-visible {
        outline-offset: -2px;
      }
    `,
  ];

  constructor() {
    super();
    this.record = undefined;
  }

  override render() {
    const { record } = this;
    if (!record) return nothing;
    const json = JSON.stringify({ ...record, abilities: [...record.abilities] }, undefined, 2);
    return html`<pre tabindex="0" role="region" aria-label=${statText.inspect(record.name)}>${json}</pre>`;
  }
}

define('strata-instance-inspect', InstanceInspect);
