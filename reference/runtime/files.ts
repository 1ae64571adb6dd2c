// The content that a machine speaks of only by number (core/machine.ts): files in the node's folder, and temporary ones
// beside them that become files by being renamed, so that a reader sees an old file or a new one and never half of one.
//
// ring.request.stream: memory does not grow with the size of a file. Nothing is kept of it beyond fixed buffers, and nothing
// is written but in the folder. What streams (a body, a measurement) uses asynchronous calls; what a UDP transfer does with one
// segment at a time is a synchronous call of some microseconds, because the segment's answer waits for it.
import { createHash, type Hash } from 'node:crypto'
import * as fs from 'node:fs'
import path from 'node:path'
import type { BlobNumber } from '../core/machine.ts'

/** Bytes read ahead of a UDP transfer, or kept back before they are written. */
const SEGMENT_BUFFER_BYTES = 65_536
/** Bytes read at once where whole files stream. */
export const STREAM_BUFFER_BYTES = 262_144
/** Bytes of an arriving body that may wait for the disk before its connection is paused. */
const UNWRITTEN_BYTES_MAX = 1_048_576

const temporaryName = /^\.incoming-\d+\.partial$/

export type FileInput =
  | { readonly kind: 'content'; readonly blob: BlobNumber; readonly size: number; readonly digest: string }
  | { readonly kind: 'committed'; readonly blob: BlobNumber; readonly path: string }
  | { readonly kind: 'chunk'; readonly blob: BlobNumber; readonly offset: number; readonly data: string }
  | { readonly kind: 'blob-failed'; readonly blob: BlobNumber; readonly detail: string }

interface Blob {
  readonly fd: number
  readonly path: string
  readonly isTemporary: boolean
  readonly hash: Hash
  size: number
  /** Appended bytes that are not written yet, and where they end in the buffer. */
  buffer: Buffer | undefined
  buffered: number
  /** File offset of the buffer, when it holds bytes read ahead. */
  bufferOffset: number
  /** Asynchronous calls under way: the descriptor must not be closed before they are back. */
  pending: number
  isDiscarded: boolean
}

/** Takes the body that arrives on a connection. */
export interface BodySink {
  /** False if the connection should pause until `onRoom`. */
  write(bytes: Uint8Array): boolean
  onRoom: () => void
  /** All bytes were written to the sink; `onDone` comes when they are in the file. */
  end(onDone: () => void): void
  /** The body was cut short. */
  cut(): void
}

export class Files {
  readonly #folder: string
  readonly #emit: (input: FileInput) => void
  readonly #blobs = new Map<BlobNumber, Blob>()
  #nextTemporary = 1

  constructor(folder: string, emit: (input: FileInput) => void) {
    this.#folder = path.resolve(folder)
    this.#emit = emit
    // What an earlier life of this node left half written when it was killed.
    for (const name of fs.readdirSync(this.#folder)) {
      if (temporaryName.test(name)) fs.rmSync(path.join(this.#folder, name), { force: true })
    }
  }

  /** Size and digest of a file anywhere. */
  measure(number: BlobNumber, file: string): void {
    const blob = this.#openReadable(number, file)
    if (blob !== undefined) this.#hashAll(number, blob, blob)
  }

  /** A temporary blob with the content of a file anywhere. */
  copy(number: BlobNumber, file: string): void {
    const source = this.#openReadable(number, file)
    if (source === undefined) return
    this.#blobs.delete(number)
    this.create(number)
    const target = this.#blobs.get(number)
    if (target === undefined) closeQuietly(source.fd)
    else this.#hashAll(number, source, target)
  }

  /** Reads `source` to its end, hashes it for `target` and, if they differ, writes it there. */
  #hashAll(number: BlobNumber, source: Blob, target: Blob): void {
    const isCopy = source !== target
    let buffer = Buffer.allocUnsafe(STREAM_BUFFER_BYTES)
    let spare = Buffer.allocUnsafe(STREAM_BUFFER_BYTES)
    target.pending += 1
    const finish = (error: Error | null) => {
      if (isCopy) closeQuietly(source.fd)
      this.#release(target)
      if (target.isDiscarded) return
      if (error !== null) this.#fail(number, error)
      else this.#emitContent(number, target)
    }
    const readNext = () => fs.read(source.fd, buffer, 0, buffer.length, null, onRead)
    const onRead = (error: Error | null, length: number) => {
      if (error !== null || length === 0 || target.isDiscarded) {
        finish(error)
        return
      }
      const bytes = buffer.subarray(0, length)
      ;[buffer, spare] = [spare, buffer]
      // The disk fills the other buffer while this one is hashed.
      if (!isCopy) readNext()
      target.hash.update(bytes)
      target.size += length
      if (isCopy) writeAll(target.fd, [bytes], (failure) => (failure === null ? readNext() : finish(failure)))
    }
    readNext()
  }

  #openReadable(number: BlobNumber, file: string): Blob | undefined {
    try {
      // Asked first: opening a named pipe would wait for somebody to write into it.
      if (!fs.statSync(file).isFile()) throw new Error(`${file} is not a file`)
      const blob = newBlob(fs.openSync(file, 'r'), file, false)
      this.#blobs.set(number, blob)
      return blob
    } catch (error) {
      this.#emit({ kind: 'blob-failed', blob: number, detail: messageOf(error) })
      return undefined
    }
  }

  /** The committed file as it is now. */
  open(number: BlobNumber, name: string): void {
    this.#openReadable(number, path.join(this.#folder, name))
  }

  create(number: BlobNumber): void {
    const file = path.join(this.#folder, `.incoming-${this.#nextTemporary}.partial`)
    this.#nextTemporary += 1
    try {
      this.#blobs.set(number, newBlob(fs.openSync(file, 'w+'), file, true))
    } catch (error) {
      this.#emit({ kind: 'blob-failed', blob: number, detail: messageOf(error) })
    }
  }

  append(number: BlobNumber, data: string): void {
    const blob = this.#blobs.get(number)
    if (blob === undefined) return
    const bytes = Buffer.from(data, 'base64')
    blob.hash.update(bytes)
    blob.size += bytes.length
    blob.buffer ??= Buffer.allocUnsafe(SEGMENT_BUFFER_BYTES)
    if (blob.buffered + bytes.length > blob.buffer.length && !this.#flush(number, blob)) return
    bytes.copy(blob.buffer, blob.buffered)
    blob.buffered += bytes.length
  }

  #flush(number: BlobNumber, blob: Blob): boolean {
    try {
      if (blob.buffer !== undefined && blob.buffered > 0) {
        let written = 0
        while (written < blob.buffered)
          written += fs.writeSync(blob.fd, blob.buffer, written, blob.buffered - written)
      }
      blob.buffered = 0
      return true
    } catch (error) {
      this.#fail(number, error)
      return false
    }
  }

  finish(number: BlobNumber): void {
    const blob = this.#blobs.get(number)
    if (blob !== undefined && this.#flush(number, blob)) this.#emitContent(number, blob)
  }

  /** One segment, out of a buffer that is read ahead. */
  read(number: BlobNumber, offset: number, length: number): void {
    const blob = this.#blobs.get(number)
    if (blob === undefined) return
    try {
      blob.buffer ??= Buffer.allocUnsafe(SEGMENT_BUFFER_BYTES)
      const isBuffered = offset >= blob.bufferOffset && offset + length <= blob.bufferOffset + blob.buffered
      if (!isBuffered) {
        blob.buffered = fs.readSync(blob.fd, blob.buffer, 0, blob.buffer.length, offset)
        blob.bufferOffset = offset
      }
      const start = offset - blob.bufferOffset
      if (start + length > blob.buffered) throw new Error('the file is shorter than it was')
      const data = blob.buffer.toString('base64', start, start + length)
      this.#emit({ kind: 'chunk', blob: number, offset, data })
    } catch (error) {
      this.#fail(number, error)
    }
  }

  commit(number: BlobNumber, name: string): void {
    const blob = this.#blobs.get(number)
    if (blob === undefined) return
    const target = path.join(this.#folder, name)
    try {
      fs.closeSync(blob.fd)
      fs.renameSync(blob.path, target)
      this.#blobs.delete(number)
      this.#emit({ kind: 'committed', blob: number, path: target })
    } catch (error) {
      this.#blobs.delete(number)
      fs.rmSync(blob.path, { force: true })
      this.#emit({ kind: 'blob-failed', blob: number, detail: messageOf(error) })
    }
  }

  discard(number: BlobNumber): void {
    const blob = this.#blobs.get(number)
    if (blob === undefined) return
    this.#blobs.delete(number)
    blob.isDiscarded = true
    if (blob.isTemporary) fs.rmSync(blob.path, { force: true })
    if (blob.pending === 0) closeQuietly(blob.fd)
  }

  discardAll(): void {
    for (const number of [...this.#blobs.keys()]) this.discard(number)
  }

  /** A sink that fills a new temporary blob; undefined if there can be none. */
  receive(number: BlobNumber): BodySink | undefined {
    this.create(number)
    const blob = this.#blobs.get(number)
    if (blob === undefined) return undefined
    let unwritten: Uint8Array[] = []
    let unwrittenBytes = 0
    let isWriting = false
    let onEnded: (() => void) | undefined

    const writeNext = () => {
      if (blob.isDiscarded) {
        unwritten = []
        unwrittenBytes = 0
      }
      if (unwritten.length === 0) {
        onEnded?.()
        return
      }
      const batch = unwritten
      const batchBytes = batch.reduce((sum, bytes) => sum + bytes.length, 0)
      unwritten = []
      isWriting = true
      blob.pending += 1
      writeAll(blob.fd, batch, (error) => {
        isWriting = false
        this.#release(blob)
        unwrittenBytes = Math.max(0, unwrittenBytes - batchBytes)
        if (error !== null && !blob.isDiscarded) this.#fail(number, error)
        sink.onRoom()
        writeNext()
      })
    }
    const sink: BodySink = {
      onRoom: () => {},
      write: (bytes) => {
        blob.hash.update(bytes)
        blob.size += bytes.length
        unwritten.push(bytes)
        unwrittenBytes += bytes.length
        if (!isWriting) writeNext()
        return unwrittenBytes < UNWRITTEN_BYTES_MAX
      },
      end: (onDone) => {
        onEnded = () => {
          if (!blob.isDiscarded) this.#emitContent(number, blob)
          onDone()
        }
        if (!isWriting) writeNext()
      },
      cut: () => {
        if (!blob.isDiscarded) this.#fail(number, new Error('the connection ended within the body'))
      },
    }
    return sink
  }

  /** Reads a blob from its beginning, for sending; `onBytes` gets undefined when it cannot be read. */
  readInto(
    number: BlobNumber,
    buffer: Buffer,
    offset: number,
    onBytes: (length: number | undefined) => void,
  ): void {
    const blob = this.#blobs.get(number)
    if (blob === undefined) {
      onBytes(undefined)
      return
    }
    blob.pending += 1
    fs.read(blob.fd, buffer, 0, buffer.length, offset, (error, length) => {
      this.#release(blob)
      onBytes(error === null && !blob.isDiscarded ? length : undefined)
    })
  }

  #release(blob: Blob): void {
    blob.pending -= 1
    if (blob.pending === 0 && blob.isDiscarded) closeQuietly(blob.fd)
  }

  #emitContent(number: BlobNumber, blob: Blob): void {
    const digest = blob.hash.copy().digest('hex')
    this.#emit({ kind: 'content', blob: number, size: blob.size, digest })
  }

  #fail(number: BlobNumber, error: unknown): void {
    this.discard(number)
    this.#emit({ kind: 'blob-failed', blob: number, detail: messageOf(error) })
  }
}

function newBlob(fd: number, file: string, isTemporary: boolean): Blob {
  return {
    fd,
    path: file,
    isTemporary,
    hash: createHash('sha256'),
    size: 0,
    buffer: undefined,
    buffered: 0,
    bufferOffset: 0,
    pending: 0,
    isDiscarded: false,
  }
}

/** Writes all bytes at the file's position, however many calls it takes. */
function writeAll(fd: number, pieces: readonly Uint8Array[], onDone: (error: Error | null) => void): void {
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0)
  fs.writev(fd, pieces, (error, written) => {
    if (error !== null) return onDone(error)
    if (written === total) return onDone(null)
    let skip = written
    const rest: Uint8Array[] = []
    for (const piece of pieces) {
      if (skip < piece.length) rest.push(piece.subarray(skip))
      skip = Math.max(0, skip - piece.length)
    }
    writeAll(fd, rest, onDone)
  })
}

function closeQuietly(fd: number): void {
  fs.close(fd, () => {})
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
