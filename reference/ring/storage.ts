// The files that are stored at this peer, by name (ring.request.name). Bound: there are 10,000 names.
import type { Peer } from './peer.ts'

export interface StoredFile {
  readonly size: number
  readonly digest: string
  readonly path: string
}

export class Storage {
  readonly #peer: Peer
  readonly #files = new Map<string, StoredFile>()

  constructor(peer: Peer) {
    this.#peer = peer
  }

  get names(): string[] {
    return [...this.#files.keys()].sort()
  }

  get(name: string): StoredFile | undefined {
    return this.#files.get(name)
  }

  put(name: string, file: StoredFile): void {
    this.#files.set(name, file)
    this.#peer.report({ event: 'stored', name, size: file.size, digest: file.digest })
  }
}
