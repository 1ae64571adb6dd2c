// A program that listens on a TCP port and speaks the control lines to whoever connects. control.md section 5.
import { connect, type Socket } from 'node:net'
import type { Channel, ChannelListener } from './channel.ts'
import { LineReader } from './line-reader.ts'

export class AttachedProgram implements Channel {
  readonly isOurs = false
  private readonly socket: Socket
  private reader: LineReader | undefined

  constructor(host: string, port: number) {
    this.socket = connect({ host, port, noDelay: true })
    // A refused connection is reported by `listen`, which comes in the same turn.
    this.socket.on('error', () => {})
  }

  listen(listener: ChannelListener): void {
    let failure: Error | undefined
    const reader = new LineReader({
      onLine: (line) => listener.onLine(line),
      onTrouble: (text) => {
        this.socket.destroy()
        listener.onTrouble(text)
      },
    })
    this.reader = reader
    this.socket.on('data', (chunk) => reader.feed(chunk))
    this.socket.on('error', (error) => {
      failure = error
    })
    this.socket.on('close', () => listener.onEnd(failure === undefined ? {} : { error: failure }))
  }

  write(line: string): void {
    if (this.socket.writable) this.socket.write(`${line}\n`)
  }

  endInput(): void {
    this.socket.end()
  }

  stderrTail(): string {
    return ''
  }

  unfinishedLine(): string {
    return this.reader?.unfinished ?? ''
  }

  kill(): Promise<void> {
    this.socket.destroy()
    return Promise.resolve()
  }

  signal(): boolean {
    return false
  }
}
