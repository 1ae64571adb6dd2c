// The commands of this peer that are under way, each under the number of its request (ring.md section 9).
//
// A command ends with success, with an error, or with `timeout` when nothing has happened for `requestTimeoutMs`
// (ring.request.ends). "Something happens" is cheap and frequent, 32,000 times for a file of 2 GiB, so it only notes the
// time; the timer looks at the note when it fires and goes on for the rest. Bound: COMMANDS_MAX.
import type { ControlErrorCode } from '../../spec/control/messages.ts'
import type { RingCommandName, RingResult } from '../../spec/ring/control.ts'
import { COMMANDS_MAX } from './limits.ts'
import type { Peer } from './peer.ts'
import type { PeerId } from './vocabulary.ts'

/** How far a command is: its answer is handled only in the phase that waits for it. */
export type CommandPhase =
  | { readonly kind: 'preparing' }
  | { readonly kind: 'looking-up' }
  | { readonly kind: 'transferring'; readonly owner: PeerId; readonly route: number[] }

export interface OwnCommand {
  readonly handle: number
  readonly request: number
  readonly name: string
  readonly what: 'store' | 'tcp' | 'udp'
  phase: CommandPhase
  progressAt: number
  /** Lets go of what the phase holds: a connection, a blob. Called once, when the command ends. */
  release: () => void
}

export class Commands {
  readonly #peer: Peer
  readonly #underWay = new Map<number, OwnCommand>()

  constructor(peer: Peer) {
    this.#peer = peer
  }

  /** A new command, or undefined after it was refused. */
  begin(handle: number, name: string, what: OwnCommand['what']): OwnCommand | undefined {
    if (this.#underWay.size >= COMMANDS_MAX) {
      this.#peer.fail(handle, 'busy', `${COMMANDS_MAX} commands are under way`)
      return undefined
    }
    const request = this.#peer.nextNumber()
    const command: OwnCommand = {
      handle,
      request,
      name,
      what,
      phase: { kind: 'preparing' },
      progressAt: this.#peer.at,
      release: () => {},
    }
    this.#underWay.set(request, command)
    return command
  }

  /** The command that waits for such an answer. */
  waiting(
    request: number,
    name: string,
    what: OwnCommand['what'] | 'any',
    phase: CommandPhase['kind'],
  ): OwnCommand | undefined {
    const command = this.#underWay.get(request)
    const fits =
      command?.name === name && (what === 'any' || command.what === what) && command.phase.kind === phase
    return fits ? command : undefined
  }

  /** From now on the command depends on others and has a time limit. */
  watch(command: OwnCommand): void {
    this.progress(command)
    this.#setTimer(command, this.#peer.settings.requestTimeoutMs)
  }

  progress(command: OwnCommand): void {
    command.progressAt = this.#peer.at
  }

  #setTimer(command: OwnCommand, delayMs: number): void {
    this.#peer.setTimer(`request:${command.request}`, delayMs, () => {
      const leftMs = command.progressAt + this.#peer.settings.requestTimeoutMs - this.#peer.at
      if (leftMs > 0) this.#setTimer(command, leftMs)
      else this.fail(command, 'timeout', `nothing happened for ${this.#peer.settings.requestTimeoutMs} ms`)
    })
  }

  succeed(command: OwnCommand, result: RingResult<RingCommandName>): void {
    if (this.#end(command)) this.#peer.succeed(command.handle, result)
  }

  fail(command: OwnCommand, code: ControlErrorCode, message: string): void {
    if (this.#end(command)) this.#peer.fail(command.handle, code, message)
  }

  #end(command: OwnCommand): boolean {
    if (!this.#underWay.delete(command.request)) return false
    this.#peer.clearTimer(`request:${command.request}`)
    command.release()
    return true
  }

  /** A peer that stops leaves no command without a reply. */
  endAll(code: ControlErrorCode, message: string): void {
    for (const command of [...this.#underWay.values()]) this.fail(command, code, message)
  }
}
