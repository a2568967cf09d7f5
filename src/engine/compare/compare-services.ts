import type { Operation } from '../../api/operation';
import { throwIfAborted } from '../../base/errors';
import type { Form, ImagePart, MemoryFigures, RunningService, ServiceForm, Surface } from './form';
import { firstAnswer, type HttpMeasures, requestRate } from './http-measures';
import { servicePage } from './service';

/** What one form of the service came to. */
export interface ServiceFigures {
  readonly form: Form;
  /** Milliseconds from the wish for it to the end of its first answer. */
  readonly firstAnswerMs: number;
  readonly memory: MemoryFigures;
  readonly parts: readonly ImagePart[];
  readonly requestsPerSecond: number;
  readonly surface: Surface;
}

/** What is at work, for whoever watches. */
export type ComparisonStep =
  | { readonly form: Form; readonly step: 'prepare' | 'start' | 'count' | 'load' }
  | { readonly step: 'image' };

export interface ServiceComparison extends HttpMeasures {
  readonly forms: readonly ServiceForm[];
  /** Brings the image that VM and container have, if it is not here. */
  readonly fetchImage: (operation: Operation) => Promise<void>;
  readonly onStep: (step: ComparisonStep) => void;
  /** Each as soon as it has been measured. */
  readonly onFigures: (figures: ServiceFigures) => void;
}

/** Of the load: what is measured, and what comes before, for the emulator to translate the guest's code. */
export const load = { clients: 4, warmUpMs: 1500, forMs: 3000 } as const;

/**
 * Starts the service in each form, one after the other, and measures it while the others before stand idle. What was
 * started stays (`remove-own.ts` takes it away). `Canceled` when the signal says so.
 */
export async function compareServices(comparison: ServiceComparison, operation: Operation = {}): Promise<void> {
  const { forms, fetchImage, onStep, onFigures } = comparison;
  onStep({ step: 'image' });
  await fetchImage(operation);
  for (const form of forms) {
    onStep({ form: form.form, step: 'prepare' });
    await form.prepare(operation);
  }
  for (const form of forms) onFigures(await measure(form, comparison, operation));
}

async function measure(
  form: ServiceForm,
  comparison: ServiceComparison,
  operation: Operation,
): Promise<ServiceFigures> {
  const { clock, onStep } = comparison;
  const { signal } = operation;
  const step = (which: 'start' | 'count' | 'load'): void => {
    throwIfAborted(signal);
    onStep({ form: form.form, step: which });
  };
  step('start');
  const begun = clock.monotonic();
  const service = await form.start(operation);
  await firstAnswer(comparison, service, signal);
  const firstAnswerMs = clock.monotonic() - begun;
  step('load');
  const requestsPerSecond = await rateOf(service, comparison, signal);
  step('count');
  const [memory, parts] = [await service.memory(), await form.parts()];
  // Last: its hundreds of processes leave pages behind that would count as the service's memory.
  const surface = await service.surface();
  throwIfAborted(signal);
  return { form: form.form, firstAnswerMs, memory, parts, requestsPerSecond, surface };
}

async function rateOf(service: RunningService, comparison: HttpMeasures, signal: AbortSignal | undefined) {
  const { clients, warmUpMs, forMs } = load;
  const pageBytes = servicePage.length;
  await requestRate(comparison, service, { clients, forMs: warmUpMs, pageBytes }, signal);
  return requestRate(comparison, service, { clients, forMs, pageBytes }, signal);
}
