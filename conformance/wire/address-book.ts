// Who is where in whose eyes. Every node has its own view of the others: a port of the harness for each place. It gives its
// own address to others, which is the port of its own place in its own view unless it was told otherwise.
import type { Address } from '../../spec/peers/messages.ts'
import { LOOPBACK } from './ports.ts'

const keyOf = ([host, port]: Address): string => `${host} ${port}`

interface View {
  readonly port: number
  /** Places by address, with the node's own ones. */
  readonly places: Map<string, number>
  /** What the node calls itself. */
  own?: Address
}

export class AddressBook {
  /** Bound: one view for each node of the case. */
  private readonly views = new Map<number, View>()

  /** The view of a node: place p is at `port` + p. */
  open(viewer: number, port: number, places: readonly number[]): void {
    const at = (place: number): Address => [LOOPBACK, port + place]
    this.views.set(viewer, { port, places: new Map(places.map((place) => [keyOf(at(place)), place])) })
  }

  /** Addresses at which the node may say that it is; the first, if any, is the one that it gives to others. */
  enterOwn(viewer: number, addresses: readonly Address[]): void {
    const view = this.viewOf(viewer)
    if (addresses[0] !== undefined) view.own = addresses[0]
    for (const address of addresses) view.places.set(keyOf(address), viewer)
  }

  /** The address of a place in the eyes of a node. */
  addressIn(viewer: number, place: number): Address {
    const view = this.viewOf(viewer)
    return place === viewer && view.own !== undefined ? view.own : [LOOPBACK, view.port + place]
  }

  /** The place that a node means by an address; undefined when it was given none like it. */
  placeOf(viewer: number, address: Address): number | undefined {
    return this.views.get(viewer)?.places.get(keyOf(address))
  }

  /** What one node says, in the eyes of another. An address of no place stays as it is. */
  translate(address: Address, from: number, to: number): Address {
    const place = this.placeOf(from, address)
    return place === undefined || !this.views.has(to) ? address : this.addressIn(to, place)
  }

  private viewOf(viewer: number): View {
    const view = this.views.get(viewer)
    if (view === undefined) throw new Error(`no node has the place ${viewer} yet`)
    return view
  }
}
