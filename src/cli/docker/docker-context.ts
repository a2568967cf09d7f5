import type { Clock } from '../../base/clock';
import type { CommandIo } from '../command-io';
import type { EngineClient } from '../engine/engine-client';
import { type Command, command } from '../grammar/command';
import type { Flags } from '../grammar/flag';
import type { Credentials } from './credentials';

/** What docker's commands work with. */
export interface DockerContext {
  readonly engine: EngineClient;
  readonly io: CommandIo;
  readonly clock: Clock;
  /** What `docker login` keeps for `pull` and `push`. */
  readonly credentials: Credentials;
}

export type DockerCommand = Command<DockerContext>;

/** A command of docker's, with its flags' types. */
export function docker<F extends Flags>(spec: Command<DockerContext, F>): DockerCommand {
  return command<DockerContext, F>(spec);
}
