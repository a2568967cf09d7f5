import { StrataLab } from './strata-lab';

export { connect, type EmbedOptions, embedLab, type LabViewName } from './embed-lab';
export { EmbeddedLab, LabError, type LabListener } from './embedded-lab';
export type { CheckState, Events, ExecResult, InstanceInfo, LabPhase } from './protocol';
export { StrataLab } from './strata-lab';
export { reportChecks, type XapiActor, type XapiOptions, type XapiStatement } from './xapi';

if (!customElements.get('strata-lab')) customElements.define('strata-lab', StrataLab);
