import { toSandboxError } from '../../base/errors';
import { PreviewElement } from '../elements/preview/preview';
import { portText } from '../text/ports';
import { isPreview, readPreviewConfig } from './preview-origin';

export interface PreviewTabOptions {
  /** What `preview.json` says. May fail. */
  readonly config: () => Promise<unknown>;
  /** Of the preview; anything may stand there. */
  readonly address: string;
  readonly appOrigin: string;
}

/** What stands in a tab for one published port: its page, or why there is none. */
export class PreviewTab {
  readonly element = new PreviewElement();
  /** Resolves, whatever happens, when it is known what is shown. */
  readonly opened: Promise<void>;

  constructor(options: PreviewTabOptions) {
    this.element.alone = true;
    this.element.label = portText.preview.alone;
    this.opened = this.#open(options);
  }

  async #open({ config, address, appOrigin }: PreviewTabOptions): Promise<void> {
    const { preview } = portText;
    try {
      const pattern = readPreviewConfig(await config(), appOrigin);
      if (pattern !== undefined && isPreview(pattern, address)) this.#show(new URL(address));
      else this.element.off = preview.noAddress;
    } catch (error) {
      this.element.off = preview.configUnread(toSandboxError(error).message);
    }
  }

  #show({ origin, pathname, search, hash }: URL): void {
    this.element.link = { kind: 'origin', origin };
    this.element.start = `${pathname}${search}${hash}`;
  }
}
