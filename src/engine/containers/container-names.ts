import { SandboxError } from '../../base/errors';

const adjectives =
  'able agile amber ancient bold brave breezy bright brisk calm candid careful cheerful clever cosmic crisp curious daring deft dreamy eager earnest easy elegant fair fearless fine fluent fond frank gentle glad golden graceful happy hearty honest humble jolly keen kind lively loyal lucid mellow merry mild modest neat nimble noble patient placid plucky polite proud quick quiet ready rapid robust serene sharp silent sincere smooth sober steady sturdy subtle sunny swift tender tidy tranquil trusty upbeat vivid warm wise witty zealous'.split(
    ' ',
  );

/** People who made computing what it is. */
const surnames =
  'aiken allen babbage backus bartik baran berners bell borg boole brooks cerf church codd conway cook cray dahl davies denning diffie dijkstra engelbart ershov estrin feinler floyd goldberg gosling gray hamilton hamming hellman hoare holberton hopper hoff jennings johnson kahn karp kay kernighan kilburn kildall kleinrock knuth lamport lampson licklider liskov lovelace mauchly mccarthy mcilroy merkle metcalfe milner minsky moore naur neumann newell nygaard perlis perlman pouzin rabin ritchie rivest sammet scott shamir shannon simon snyder spence strachey sutherland tarjan thacker thompson torvalds turing valiant wilkes wilkinson wing wirth yao zuse'.split(
    ' ',
  );

/** `brave_hopper`, and after a few that are taken with a digit behind it, as docker does. */
export function randomContainerName(
  taken: (name: string) => boolean,
  randomBytes: (count: number) => Uint8Array,
): string {
  for (let turn = 0; ; turn += 1) {
    const [first = 0, second = 0, third = 0, digit = 0] = randomBytes(4);
    const adjective = adjectives[(first * 256 + third) % adjectives.length];
    const name = `${adjective}_${surnames[second % surnames.length]}${turn < 6 ? '' : digit + 256 * (turn - 6)}`;
    if (!taken(name)) return name;
  }
}

/** A name as it is kept: without the slash that docker puts before it. `InvalidArgument` in docker's words. */
export function readContainerName(text: string): string {
  const name = text.startsWith('/') ? text.slice(1) : text;
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name) && name.length <= 253) return name;
  throw new SandboxError(
    'InvalidArgument',
    `Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
  );
}

export function nameConflict(name: string, holder: string): SandboxError {
  const message = `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`;
  return new SandboxError('AlreadyExists', message, { details: { container: holder } });
}
