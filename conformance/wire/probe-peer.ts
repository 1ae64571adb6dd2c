// A probe peer of the ring: the behaviour behind the interface `Probe`. It has one endpoint in the view of each node, and
// takes what arrives there out of the capture of the case.
import type { Frame } from './capture.ts'
import { decodeMessage } from './common-wire.ts'
import { Participant } from './participant.ts'
import type { Message, NodeAddress, Probe, ProbeConnection } from './probe.ts'

export class ProbePeer extends Participant implements Probe {
  answersPings = true
  private readonly lastSeqs = new Map<number, number>()

  get id(): number {
    return this.place
  }

  async sendUdp(node: NodeAddress, message: Message): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(message))
    const { fault } = decodeMessage(bytes, 'udp')
    if (fault !== undefined) throw new Error(`a probe must not send this by 'sendUdp': ${fault.text}`)
    await this.sendUdpBytes(node, bytes)
  }

  async sendUdpBytes(node: NodeAddress, bytes: Uint8Array | string): Promise<void> {
    await this.surroundings.settling()
    await this.sendDatagram(node.id, node.listenPort, typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
  }

  connect(node: NodeAddress): Promise<ProbeConnection> {
    return this.dial(node.id, node.listenPort)
  }

  receive(predicate: (frame: Frame) => boolean, withinMs?: number): Promise<Frame | undefined> {
    return this.takeNext(predicate, withinMs)
  }

  async ping(node: NodeAddress, slot: 1 | 2, seq?: number): Promise<void> {
    const next = seq ?? (this.lastSeqs.get(node.id) ?? -1) + 1
    this.lastSeqs.set(node.id, next)
    await this.sendUdp(node, { type: 'ring.ping', from: this.id, seq: next, slot })
  }

  override die(): void {
    this.answersPings = false
    super.die()
  }

  /** A datagram of a node arrived: answers it if it is a ping and the probe is in the mood. */
  override onDatagram(frame: Frame, nodePort: number): void {
    if (!this.answersPings || frame.fault !== undefined || frame.message?.type !== 'ring.ping') return
    const pong = { type: 'ring.pong', from: this.id, seq: frame.message.seq }
    void this.sendDatagram(frame.from, nodePort, Buffer.from(JSON.stringify(pong)))
  }

  private async sendDatagram(node: number, port: number, bytes: Uint8Array): Promise<void> {
    const { capture, endpoint } = this.surroundings
    capture.add({
      ...decodeMessage(bytes, 'udp'),
      transport: 'udp',
      from: this.id,
      to: node,
      bytes,
      sender: 'probe',
      fate: 'passed',
    })
    await endpoint(node, this.id).send(bytes, port)
  }
}
