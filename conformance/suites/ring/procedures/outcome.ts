// Commands of a ring peer that a case begins and looks at later: a request that waits for its owner, a store that waits for `stored`.
import type { RingCommandArguments, RingCommandName, RingResult } from '../../../../spec/ring/control.ts'
import type { RingNode } from '../../../verdict/ring-bench.ts'
import { type Begun, begun } from '../../outcome.ts'

/** Sends a command without waiting for its reply. */
export const begin = <C extends RingCommandName>(
  node: RingNode,
  name: C,
  args: RingCommandArguments<C>,
  withinMs?: number,
): Begun<RingResult<C>> => begun(node.command(name, args, withinMs))
