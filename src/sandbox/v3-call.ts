/** One call of the sandbox's API 3.0, as its actions see it. */
import { type ApiContext, refuse } from './api-context.ts';
import type { Exchange } from './exchange.ts';
import type { SandboxInstance } from './world.ts';

export interface Call {
  readonly context: ApiContext;
  readonly parameters: Exchange['parameters'];
  readonly region: string;
  readonly host: string | undefined;
}

export interface Action {
  /** What the sandbox understands; anything else is refused rather than ignored. */
  readonly parameters: readonly string[];
  answer(call: Call): Record<string, unknown>;
}

export function requireInstance(instance: SandboxInstance | undefined): SandboxInstance {
  if (instance === undefined) refuse('ResourceNotFound.InstanceNotExists', 'the instance does not exist');
  return instance;
}
