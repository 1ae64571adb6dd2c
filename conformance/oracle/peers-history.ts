// What the harness saw of a lock and of a database, in the order in which it saw it: calls and answers from the wire, commands and
// replies from the control channel. The oracle judges such histories; it knows no node, no socket and no capture.
//
// The order is one of causes. A call is seen before the called peer can have got it, and an answer before the caller; a command is
// seen before the peer has it, a reply after the peer sent it. So the interval between the reply to `acquire` and the command
// `release` lies within the time for which that peer held the lock: if two such intervals overlap, two peers held it.

/** A token as it travels. */
export type Times = readonly (readonly [id: number, time: number])[]

/** Peers are named by their ids; `frame` is the number of the call or answer in the capture. */
export type Observation =
  /** `request_token` was called, and answered with null. */
  | {
      readonly what: 'asked' | 'ask-answered'
      readonly by: number
      readonly of: number
      readonly time: number
      readonly frame: number
    }
  /** `obtain_token` was called. */
  | {
      readonly what: 'token-sent'
      readonly by: number
      readonly to: number
      readonly times: Times
      readonly frame: number
    }
  /** The answer to that call, whose frame is `call`: null, or an error. */
  | { readonly what: 'token-taken' | 'token-refused'; readonly call: number; readonly frame: number }
  /** `write_local` was called. */
  | { readonly what: 'copied'; readonly by: number; readonly frame: number }
  /**
   * `acquiring`: the command was sent; `held`: its reply came, `not-held`: it failed; `releasing` and `leaving`: `release` and `stop` were
   * sent; `joined` and `left`: the replies to `join` and `stop` came; `killed`: nothing comes from it any more.
   */
  | {
      readonly what:
        | 'acquiring'
        | 'held'
        | 'not-held'
        | 'releasing'
        | 'joined'
        | 'leaving'
        | 'left'
        | 'killed'
      readonly peer: number
    }

export type History = readonly Observation[]
export type TokenSent = Extract<Observation, { readonly what: 'token-sent' }>

/** A requirement that a history breaks, and the frames that prove it. */
export interface Finding {
  readonly requirement: string
  readonly expected: string
  readonly actual: string
  readonly exhibits: readonly { readonly frame: number; readonly at?: string }[]
}

/** Frames as exhibits; those that are missing are left out. */
export const exhibitsOf = (...frames: readonly (number | undefined)[]): Finding['exhibits'] =>
  frames.filter((frame) => frame !== undefined).map((frame) => ({ frame }))

/** The number of the frame of an observation, if it has one. */
export const frameOf = (observation: Observation): number | undefined =>
  'frame' in observation ? observation.frame : undefined

/** Who is there, as far as the observations read so far say. */
export class Membership {
  /** Peers whose `join` was answered. */
  readonly joined = new Set<number>()
  /** Peers that have been told to stop, ended ones included. */
  readonly leaving = new Set<number>()
  readonly ended = new Set<number>()

  /** True when the observation changed anything. */
  read(observation: Observation): boolean {
    if (observation.what === 'joined') this.joined.add(observation.peer)
    else if (observation.what === 'leaving') this.leaving.add(observation.peer)
    else if (observation.what === 'left' || observation.what === 'killed') {
      this.leaving.add(observation.peer)
      this.ended.add(observation.peer)
    } else return false
    return true
  }

  /** Peers that have joined and are not about to leave. */
  present(): readonly number[] {
    return [...this.joined].filter((id) => !this.leaving.has(id))
  }
}

/** The tokens that came to each peer, as far as the observations read so far say. */
export class Deliveries {
  private readonly calls = new Map<number, TokenSent>()
  private readonly latest = new Map<number, TokenSent>()
  /** Under way: the receiver may use such a token before its answer is seen. */
  private readonly pending = new Map<number, TokenSent>()

  read(observation: Observation): void {
    if (observation.what === 'token-sent') {
      this.calls.set(observation.frame, observation)
      this.pending.set(observation.to, observation)
    } else if (observation.what === 'token-taken' || observation.what === 'token-refused') {
      const call = this.calls.get(observation.call)
      if (call === undefined) return
      if (observation.what === 'token-taken') this.latest.set(call.to, call)
      if (this.pending.get(call.to) === call) this.pending.delete(call.to)
    }
  }

  call(frame: number): TokenSent | undefined {
    return this.calls.get(frame)
  }

  /** The token that a peer has, if it has one and did not make it. */
  to(peer: number): TokenSent | undefined {
    return this.pending.get(peer) ?? this.latest.get(peer)
  }
}
