// The file contents of one simulated node, in memory. The same promises as the folder of a real node: temporary blobs,
// files that are replaced as a whole, size and digest known when a blob is complete.
import { createHash } from 'node:crypto'

export interface Content {
  readonly size: number
  readonly digest: string
}

/** Files that `measure` and `copy` may read, by path; the same for all nodes. */
export type OutsideFiles = ReadonlyMap<string, Uint8Array>

export class BlobStore {
  /** Bounded by the machine, which names every blob and discards it. */
  readonly #blobs = new Map<number, Uint8Array>()
  readonly #growing = new Map<number, Uint8Array[]>()
  readonly #files = new Map<string, Uint8Array>()
  readonly #outside: OutsideFiles

  constructor(outside: OutsideFiles) {
    this.#outside = outside
  }

  /** The bytes of a committed file. */
  file(name: string): Uint8Array | undefined {
    return this.#files.get(name)
  }

  bytes(blob: number): Uint8Array | undefined {
    return this.#blobs.get(blob)
  }

  put(blob: number, bytes: Uint8Array): Content {
    this.#blobs.set(blob, bytes)
    return { size: bytes.length, digest: sha256(bytes) }
  }

  putOutside(blob: number, path: string): Content | undefined {
    const bytes = this.#outside.get(path)
    return bytes === undefined ? undefined : this.put(blob, bytes)
  }

  openFile(blob: number, name: string): boolean {
    const bytes = this.#files.get(name)
    if (bytes !== undefined) this.#blobs.set(blob, bytes)
    return bytes !== undefined
  }

  create(blob: number): void {
    this.#growing.set(blob, [])
  }

  append(blob: number, data: string): void {
    this.#growing.get(blob)?.push(Buffer.from(data, 'base64'))
  }

  finish(blob: number): Content | undefined {
    const pieces = this.#growing.get(blob)
    this.#growing.delete(blob)
    return pieces === undefined ? undefined : this.put(blob, new Uint8Array(Buffer.concat(pieces)))
  }

  commit(blob: number, name: string): boolean {
    const bytes = this.#blobs.get(blob)
    this.#blobs.delete(blob)
    if (bytes !== undefined) this.#files.set(name, bytes)
    return bytes !== undefined
  }

  discard(blob: number): void {
    this.#blobs.delete(blob)
    this.#growing.delete(blob)
  }

  /** Blobs that the machine has named and neither committed nor discarded: zero at rest, or the machine leaks. */
  get openCount(): number {
    return this.#blobs.size + this.#growing.size
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
