import type { EmbeddedLab } from './embedded-lab';
import type { CheckState } from './protocol';

/** Who learns, in the manner of xAPI (IEEE 9274.1.1): an account or a mail address. */
export type XapiActor =
  | { readonly mbox: string; readonly name?: string }
  | { readonly account: { readonly homePage: string; readonly name: string }; readonly name?: string };

export interface XapiOptions {
  readonly actor: XapiActor;
  /** The IRI of the course's activity; the lesson and its step are added to it. */
  readonly activity: string;
  /** Sends a statement to the learning record store. */
  readonly send: (statement: XapiStatement) => void;
}

export interface XapiStatement {
  readonly actor: XapiActor;
  readonly verb: { readonly id: string; readonly display: Readonly<Record<string, string>> };
  readonly object: { readonly id: string; readonly objectType: 'Activity' };
  readonly result: { readonly success: boolean; readonly completion: boolean };
  readonly timestamp: string;
}

const verbs = {
  passed: { id: 'http://adlnet.gov/expapi/verbs/passed', display: { 'en-US': 'passed' } },
  completed: { id: 'http://adlnet.gov/expapi/verbs/completed', display: { 'en-US': 'completed' } },
} as const;

/** Tells a statement for each step that passes, and one for the lesson when all have. Returns what ends it. */
export function reportChecks(lab: Pick<EmbeddedLab, 'on'>, { actor, activity, send }: XapiOptions): () => void {
  const told = new Set<string>();
  const tell = (verb: keyof typeof verbs, path: string, completion: boolean): void => {
    const id = `${activity}/${path}`;
    if (told.has(`${verb} ${id}`)) return;
    told.add(`${verb} ${id}`);
    send({
      actor,
      verb: verbs[verb],
      object: { id, objectType: 'Activity' },
      result: { success: true, completion },
      timestamp: new Date().toISOString(),
    });
  };
  return lab.on('checks', (checks: readonly CheckState[]) => {
    for (const { lesson, step, passed, done } of checks) {
      if (passed) tell('passed', `${lesson}/${step}`, false);
      if (done) tell('completed', lesson, true);
    }
  });
}
