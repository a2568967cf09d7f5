import { agentSuite } from '../../../test/integration/agent.suite';
import { startNativeAgent } from './native-agent';

/**
 * The agent's suite without a guest, for work on the agent itself:
 *   make -C images/guest OUT=DIR DIR/strata-agent-native && STRATA_AGENT=DIR/strata-agent-native \
 *     npx vitest run --root images/guest/test
 */
const path = process.env['STRATA_AGENT'] ?? 'strata-agent';
const streamBytes = Number(process.env['STRATA_STREAM_BYTES'] ?? 64 << 20);

agentSuite('run natively', () => startNativeAgent(path), { mayConfigure: false, streamBytes, programs: 200 });
