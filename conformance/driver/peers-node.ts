// A name service or a peer of the program under test.

import type { Static } from 'typebox'
import type {
  nameServiceResults,
  PeerCommandArguments,
  PeerCommandName,
  PeerEvent,
  PeerResult,
} from '../../spec/peers/control.ts'
import type { Address } from '../../spec/peers/messages.ts'
import type { NameServiceNode, PeerNode, PeersNode } from '../verdict/peers-bench.ts'
import type { AddressBook } from '../wire/address-book.ts'
import { LOOPBACK } from '../wire/ports.ts'
import { DrivenNode, type DrivenNodeOptions } from './driven-node.ts'

export interface DrivenPeersNodeOptions extends DrivenNodeOptions {
  readonly addresses: AddressBook
  /** The case makes the node write this call, whatever is wrong with it. */
  onOrder(method: string, args: readonly unknown[]): void
}

const isAddress = (value: unknown): value is Address =>
  Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number'

abstract class DrivenPeersNode extends DrivenNode implements PeersNode {
  protected readonly surroundings: DrivenPeersNodeOptions
  private advertised: Address | undefined
  private host = LOOPBACK

  constructor(options: DrivenPeersNodeOptions) {
    super(options)
    this.surroundings = options
  }

  get seat(): number {
    return this.place
  }

  /** What it was told to advertise, or else what it listens on; and its own port in its own view, which others are told. */
  override get ownAddresses(): readonly Address[] {
    const listening: Address = [this.host, this.listenPort]
    return [this.advertised ?? listening, listening]
  }

  override async start(config: Readonly<Record<string, unknown>>): Promise<void> {
    this.advertised = isAddress(config.advertise) ? config.advertise : undefined
    this.host = typeof config.host === 'string' ? config.host : LOOPBACK
    await super.start(config)
  }

  addressFor(seat: number): Address {
    return this.surroundings.addresses.addressIn(this.seat, seat)
  }
}

export class DrivenNameService extends DrivenPeersNode implements NameServiceNode {
  readonly role = 'peers.name-service'

  async state(): Promise<Static<typeof nameServiceResults.state>> {
    return (await this.run('state', {}, this.deadlineMs)) as Static<typeof nameServiceResults.state>
  }
}

export class DrivenPeer extends DrivenPeersNode implements PeerNode {
  readonly role = 'peers.peer'

  get events(): readonly (PeerEvent & { readonly atMs: number })[] {
    return this.eventLines as readonly (PeerEvent & { readonly atMs: number })[]
  }

  async command<C extends PeerCommandName>(
    name: C,
    args: PeerCommandArguments<C>,
    withinMs = this.deadlineMs,
  ): Promise<PeerResult<C>> {
    return (await this.run(name, { ...args }, withinMs)) as PeerResult<C>
  }

  state(): Promise<PeerResult<'state'>> {
    return this.command('state', {})
  }

  protected override onCommand(name: string, { method, args }: Readonly<Record<string, unknown>>): void {
    if (name === 'call' && typeof method === 'string' && Array.isArray(args))
      this.surroundings.onOrder(method, args)
  }
}
