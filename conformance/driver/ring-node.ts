// One ring peer of the program under test.
import type { RingCommandArguments, RingCommandName, RingEvent, RingResult } from '../../spec/ring/control.ts'
import type { RingNode } from '../verdict/ring-bench.ts'
import { DrivenNode, type DrivenNodeOptions } from './driven-node.ts'

export interface DrivenRingNodeOptions extends DrivenNodeOptions {
  readonly folder: string
}

export class DrivenRingNode extends DrivenNode implements RingNode {
  readonly role = 'ring.peer'
  readonly folder: string

  constructor(options: DrivenRingNodeOptions) {
    super(options)
    this.folder = options.folder
  }

  get id(): number {
    return this.place
  }

  get events(): readonly (RingEvent & { readonly atMs: number })[] {
    return this.eventLines as readonly (RingEvent & { readonly atMs: number })[]
  }

  async command<C extends RingCommandName>(
    name: C,
    args: RingCommandArguments<C>,
    withinMs = this.deadlineMs,
  ): Promise<RingResult<C>> {
    return (await this.run(name, { ...args }, withinMs)) as RingResult<C>
  }

  state(): Promise<RingResult<'state'>> {
    return this.command('state', {})
  }
}
