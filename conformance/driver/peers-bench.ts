// The participants of a case of peers: name service and peers of the program under test, and those that the harness plays.

import type { NodeOptions } from '../verdict/bench.ts'
import { Violation } from '../verdict/case.ts'
import { NAME_SERVICE_SEAT, type PeersBench, type PeersNodeOptions } from '../verdict/peers-bench.ts'
import { peersFarewell } from '../wire/farewell.ts'
import { peersWire } from '../wire/peers-wire.ts'
import type { PlayedParticipant } from '../wire/played.ts'
import { RealPlayedNameService } from '../wire/played-name-service.ts'
import { RealPlayedPeer } from '../wire/played-peer.ts'
import { LOOPBACK } from '../wire/ports.ts'
import { seededRandom } from '../wire/random.ts'
import { between, CaseBench, type CaseBenchOptions } from './case-bench.ts'
import { CommandError } from './node.ts'
import { DrivenNameService, DrivenPeer } from './peers-node.ts'

const SEATS = 16
/** Seats of a cluster beyond its peers and the name service, for newcomers. */
const SPARE_SEATS = 4
/** The first id that `peerAmongPlayed` has given out: no seat, and not the first one that a name service gives. */
const FIRST_ID = 10
const TIMEOUT_MS_MAX = 600_000

/** A call as a key. Arguments nest as deep as a line can hold; what is too deep for this was ordered by no case. */
function callText(method: string, args: readonly unknown[]): string {
  try {
    return JSON.stringify([method, args])
  } catch {
    return method
  }
}

type SeatsOption = { readonly seats?: number }

export class RealPeersBench extends CaseBench<DrivenNameService | DrivenPeer> implements PeersBench {
  readonly type: string
  private readonly ordered: Set<string>
  private readonly played = new Map<number, PlayedParticipant>()
  /** Seats that somebody has, or has had. */
  private readonly taken = new Set<number>()
  private seats = SEATS

  constructor(options: CaseBenchOptions) {
    const ordered = new Set<string>()
    super(options, {
      wire: peersWire((method, args) => ordered.has(callText(method, args))),
      farewell: peersFarewell,
    })
    this.ordered = ordered
    const { seed, definition } = options
    this.type = `type-${Math.floor(seededRandom(seed, definition.id, 'type')() * 2 ** 24).toString(16)}`
  }

  async nameService({ seats, ...options }: NodeOptions & SeatsOption = {}): Promise<DrivenNameService> {
    this.setSeats(seats)
    this.taken.add(NAME_SERVICE_SEAT)
    return this.startNode(
      NAME_SERVICE_SEAT,
      (common) => new DrivenNameService(this.peersNodeOptions(common)),
      ({ listenPort }) => ({ host: LOOPBACK, listenPort, checkTimeoutMs: this.callTimeoutMs }),
      options,
    )
  }

  async playNameService({ seats }: SeatsOption = {}): Promise<RealPlayedNameService> {
    const known = this.played.get(NAME_SERVICE_SEAT)
    if (known instanceof RealPlayedNameService) return known
    this.setSeats(seats)
    this.taken.add(NAME_SERVICE_SEAT)
    const { surroundings, addresses } = this.network
    const random = seededRandom(this.seed, this.type, 'name service')
    return this.play(new RealPlayedNameService(NAME_SERVICE_SEAT, surroundings, addresses, random))
  }

  async peer({
    seat = this.freeSeat(),
    lock,
    fortunes,
    ...options
  }: PeersNodeOptions & { readonly seat?: number } = {}): Promise<DrivenPeer> {
    this.taken.add(seat)
    const database = fortunes === undefined ? {} : { fortunes, lock: true }
    try {
      return await this.startNode(
        seat,
        (common) => new DrivenPeer(this.peersNodeOptions(common)),
        (node) => ({ ...this.configOf(node), ...database, ...(lock !== undefined && { lock }) }),
        options,
      )
    } catch (error) {
      if (error instanceof CommandError) this.taken.delete(seat)
      throw error
    }
  }

  async playPeer({
    seat = this.freeSeat(),
    type = this.type,
  }: {
    readonly seat?: number
    readonly type?: string
  } = {}): Promise<RealPlayedPeer> {
    this.taken.add(seat)
    return this.play(new RealPlayedPeer(seat, this.network.surroundings, this.network.addresses, type))
  }

  async peerAmongPlayed(lower: number, higher: number, options: PeersNodeOptions = {}) {
    const nameService = await this.playNameService({ seats: Math.max(SEATS, lower + higher + 2) })
    nameService.nextId = FIRST_ID
    const lowerPeers = await this.enterPlayed(nameService, lower)
    const peer = await this.peer(options)
    const { id } = await peer.command('join', {})
    const higherPeers = await this.enterPlayed(nameService, higher)
    for (const played of higherPeers)
      await played.callFor(peer, 'register_peer', [played.id, played.addressFor(peer)], 'peers.list.register')
    if (id !== FIRST_ID + lower)
      throw new Violation({
        requirement: 'peers.join.done',
        expected: `the own id ${FIRST_ID + lower} in the answer to join`,
        actual: `${id}`,
      })
    return { peer, id, nameService, lower: lowerPeers, higher: higherPeers }
  }

  async cluster(
    count: number,
    {
      at,
      seats = Math.max(SEATS, count + 1 + SPARE_SEATS),
      ...options
    }: Parameters<PeersBench['cluster']>[1] = {},
  ): Promise<readonly DrivenPeer[]> {
    if (at === undefined && !this.taken.has(NAME_SERVICE_SEAT)) await this.playNameService({ seats })
    const peers = await Promise.all(Array.from({ length: count }, () => this.peer(options)))
    for (const peer of peers) await peer.command('join', {})
    return peers
  }

  nameOf(seat: number): string {
    const isPlayed = this.played.has(seat) ? ', played' : ''
    if (seat === NAME_SERVICE_SEAT) return `name service${isPlayed}`
    const id = this.idOf(seat)
    return `peer ${seat}${id === undefined ? '' : ` (id ${id})`}${isPlayed}`
  }

  protected get places(): readonly number[] {
    return Array.from({ length: this.seats }, (_, seat) => seat)
  }

  private idOf(seat: number): number | undefined {
    const played = this.played.get(seat)
    if (played instanceof RealPlayedPeer) return played.id < 0 ? undefined : played.id
    const given = this.frames.findLast(({ type, to }) => type === 'peers.register.result' && to === seat)
    const result = given?.message?.result
    return Array.isArray(result) && typeof result[0] === 'number' ? result[0] : undefined
  }

  private setSeats(seats = this.seats): void {
    if (seats > this.seats && this.taken.size > 0)
      throw new Error(`a case must say that it has ${seats} seats before anyone sits down`)
    if (this.taken.size === 0) this.seats = seats
  }

  private freeSeat(): number {
    const free = this.places.find((seat) => seat !== NAME_SERVICE_SEAT && !this.taken.has(seat))
    if (free === undefined) throw new Error(`all ${this.seats} seats are taken`)
    return free
  }

  private async play<P extends PlayedParticipant>(participant: P): Promise<P> {
    this.requirePlace(participant.seat)
    this.played.set(participant.seat, participant)
    await this.network.play(participant)
    return participant
  }

  private async enterPlayed(
    nameService: RealPlayedNameService,
    count: number,
  ): Promise<readonly RealPlayedPeer[]> {
    const peers = await Promise.all(Array.from({ length: count }, () => this.playPeer()))
    for (const peer of peers) nameService.enter(peer)
    return peers
  }

  private peersNodeOptions<O extends object>(common: O) {
    return {
      ...common,
      addresses: this.network.addresses,
      onOrder: (method: string, args: readonly unknown[]) => {
        this.ordered.add(callText(method, args))
      },
    }
  }

  /** Long enough for a slow program, and short enough that a peer which waits for it is not taken for one that hangs. */
  private get callTimeoutMs(): number {
    return between(10, this.timing.deadlineMs / 5, TIMEOUT_MS_MAX)
  }

  private configOf(node: DrivenPeer): Record<string, unknown> {
    const { seat, listenPort } = node
    return {
      host: LOOPBACK,
      listenPort,
      type: this.type,
      nameService: node.addressFor(NAME_SERVICE_SEAT),
      // Its port in its own view: a peer that calls itself is seen to do so.
      advertise: [LOOPBACK, node.viewPort + seat],
      callTimeoutMs: this.callTimeoutMs,
      acquireTimeoutMs: between(10, this.timing.deadlineMs / 2, TIMEOUT_MS_MAX),
      seed: this.seedOf(seat),
    }
  }
}
