import { describe, expect, it } from 'vitest';
import { type ComparisonStep, compareServices, type ServiceFigures } from './compare-services';
import type { Form, ServiceForm } from './form';
import { endpoint, httpAnswer, scriptedService } from './scripted-service-fixture';
import { servicePage } from './service';

const service = () => scriptedService(() => httpAnswer(200, servicePage), 50);

function scriptedForm(form: Form, done: string[]): ServiceForm {
  const note = (what: string): void => void done.push(`${form} ${what}`);
  return {
    form,
    prepare: async () => note('prepared'),
    async start() {
      note('started');
      return {
        ...endpoint,
        memory: async () => ({ used: 1024 }),
        surface: async () => {
          note('asked for its surface');
          return { kind: 'imports', names: ['solo5.exit'] };
        },
      };
    },
    parts: async () => [{ reference: 'strata/unikernel-httpd:1', bytes: 100, shared: false }],
  };
}

describe('the comparison of services', () => {
  it('makes everything ready, then starts and measures one after the other', async () => {
    const done: string[] = [];
    const figures: ServiceFigures[] = [];
    await compareServices({
      ...service(),
      forms: [scriptedForm('vm', done), scriptedForm('unikernel', done)],
      fetchImage: async () => void done.push('image fetched'),
      onStep: () => {},
      onFigures: (each) => figures.push(each),
    });
    expect(done).toEqual([
      'image fetched',
      'vm prepared',
      'unikernel prepared',
      ...['vm', 'unikernel'].flatMap((form) => [`${form} started`, `${form} asked for its surface`]),
    ]);
    expect(figures.map(({ form }) => form)).toEqual(['vm', 'unikernel']);
    // An answer takes 50 ms of the fake clock.
    expect(figures[0]?.firstAnswerMs).toBe(50);
  });

  it('starts nothing more once it is canceled, and says so', async () => {
    const done: string[] = [];
    const abort = new AbortController();
    const steps: ComparisonStep[] = [];
    const compared = compareServices(
      {
        ...service(),
        forms: [scriptedForm('vm', done), scriptedForm('unikernel', done)],
        fetchImage: async () => {},
        onStep: (step) => {
          steps.push(step);
          if ('form' in step && step.step === 'load') abort.abort();
        },
        onFigures: () => done.push('figures'),
      },
      { signal: abort.signal },
    );
    await expect(compared).rejects.toMatchObject({ code: 'Canceled' });
    expect(done).toEqual(['vm prepared', 'unikernel prepared', 'vm started']);
    expect(steps.at(-1)).toEqual({ form: 'vm', step: 'load' });
  });
});
