import { css, html } from 'lit';
import type { ContainerInspect } from '../../../api/container';
import type { ContainerShelf } from '../../containers/container-shelf';
import { define } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { containerText } from '../../text/containers';
import { ContainerFacts } from './container-facts';
import { containerStyles } from './container-styles';

/** What `docker inspect` prints. */
export class ContainerInspectView extends ContainerFacts<ContainerInspect> {
  static override styles = [
    baseStyles,
    containerStyles,
    css`
      pre {
        margin: 0;
        padding: var(--s2);
        font: var(--t0) / 1.5 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];

  protected override load(shelf: ContainerShelf, id: string): Promise<ContainerInspect> {
    return shelf.inspect(id);
  }

  protected override show(facts: ContainerInspect) {
    return html`<pre tabindex="0" role="region" aria-label=${containerText.tabs.inspect}>${JSON.stringify(facts, undefined, 2)}</pre>`;
  }
}

define('strata-container-inspect', ContainerInspectView);
