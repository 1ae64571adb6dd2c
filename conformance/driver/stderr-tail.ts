// The end of what a program wrote on standard error: what a person reads first after a crash.
const BYTES_MAX = 65_536
const LINES_MAX = 40

export class StderrTail {
  private chunks: Uint8Array[] = []
  private length = 0

  feed(chunk: Uint8Array): void {
    this.chunks.push(chunk)
    this.length += chunk.length
    // Twice the bound before it is cut, so that a program that logs byte by byte does not cost a copy for each.
    if (this.length > 2 * BYTES_MAX || this.chunks.length > 1024) {
      const kept = Buffer.concat(this.chunks).subarray(-BYTES_MAX)
      this.chunks = [kept]
      this.length = kept.length
    }
  }

  text(): string {
    const lines = Buffer.concat(this.chunks).subarray(-BYTES_MAX).toString('utf8').trimEnd().split('\n')
    return lines.slice(-LINES_MAX).join('\n')
  }
}
