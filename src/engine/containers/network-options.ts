import { SandboxError } from '../../base/errors';

/** What docker's clients call yes and no (Go's strconv.ParseBool). */
const yes = /^(1|t|T|true|TRUE|True)$/;
const no = /^(0|f|F|false|FALSE|False)$/;

/** What of docker's options every network here is anyway. */
const always: Readonly<Record<string, RegExp>> = {
  'com.docker.network.enable_ipv4': yes,
  'com.docker.network.enable_ipv6': no,
  'com.docker.network.bridge.default_bridge': no,
  'com.docker.network.bridge.enable_icc': yes,
  'com.docker.network.bridge.enable_ip_masquerade': yes,
  'com.docker.network.bridge.gateway_mode_ipv4': /^(nat)?$/,
  'com.docker.network.bridge.host_binding_ipv4': /^(0\.0\.0\.0)?$/,
};

const mtuOption = 'com.docker.network.driver.mtu';

/** The MTU that `-o` wishes; undefined: the usual one. `InvalidArgument` for an option that would change nothing here. */
export function wishedMtu(options: Readonly<Record<string, string>>): number | undefined {
  const { [mtuOption]: mtu, ...others } = options;
  for (const [name, value] of Object.entries(others)) {
    if (Object.hasOwn(always, name) && always[name]?.test(value)) continue;
    throw invalid(`the network option "${name}=${value}" is not supported: leave it out`);
  }
  if (mtu === undefined) return undefined;
  if (!/^\d+$/.test(mtu)) throw invalid(`invalid value for the network option "${mtuOption}": ${mtu}`);
  return Number(mtu);
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
