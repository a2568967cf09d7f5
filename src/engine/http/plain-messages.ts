import type { BuildEvent } from '../../api/build';
import type { JsonMessage } from '../../api/engine-api';
import { PlainProgress, plainFailure } from '../builds/plain-progress';
import type { BuildMessages } from './build-message';

/** `progress=plain`, which is ours: BuildKit's plain progress in the messages of the classic builder. */
export class PlainMessages implements BuildMessages {
  readonly #progress = new PlainProgress();

  of(event: BuildEvent): readonly JsonMessage[] {
    const text = this.#progress.render(event);
    const lines = text === '' ? [] : [{ stream: text }];
    if (event.kind === 'built') return [{ aux: { ID: event.image } }, ...lines];
    if (event.kind !== 'failed') return lines;
    const message = plainFailure(event);
    return [...lines, { errorDetail: { message }, error: message }];
  }
}
