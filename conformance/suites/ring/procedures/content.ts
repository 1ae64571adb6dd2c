// Contents of files: written for the node to store, and compared byte for byte with what it wrote or sent.
import { createHash } from 'node:crypto'
import { readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises'
import { isAbsolute, join, sep } from 'node:path'
import type { RingBench, RingNode } from '../../../verdict/ring-bench.ts'

export interface Content {
  readonly bytes: Uint8Array
  /** SHA-256 in lower-case hexadecimal. */
  readonly digest: string
}

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const contentOf = (bytes: Uint8Array): Content => ({ bytes, digest: digestOf(bytes) })

/** Pseudo-random bytes from the case's seed, by Marsaglia's xorshift: a mebibyte must not cost a case its time. */
export function randomContent(bench: RingBench, size: number): Content {
  const bytes = new Uint8Array(size)
  let word = Math.floor(bench.random() * 0xffff_ffff) | 1
  for (let i = 0; i < size; i += 1) {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    bytes[i] = word >>> 8
  }
  return contentOf(bytes)
}

/** Each of the 256 byte values, twice: once upwards, once downwards. Holds NUL, LF, CR and every invalid UTF-8 byte. */
export const everyByte = (): Content =>
  contentOf(Uint8Array.from({ length: 512 }, (_, i) => (i < 256 ? i : 511 - i)))

/** Writes content to a file of the case, for a `store` command. */
export async function writeContent(bench: RingBench, fileName: string, content: Content): Promise<string> {
  const path = join(bench.folder, fileName)
  await writeFile(path, content.bytes)
  return path
}

const firstDifference = (left: Uint8Array, right: Uint8Array): number => {
  const end = Math.min(left.length, right.length)
  for (let i = 0; i < end; i++) if (left[i] !== right[i]) return i
  return end
}

/** The bytes are those of `content`. */
export function requireSameBytes(
  bench: RingBench,
  bytes: Uint8Array,
  content: Content,
  requirement: string,
  where: string,
): void {
  bench.require(Buffer.compare(bytes, content.bytes) === 0, {
    requirement,
    expected: `${content.bytes.length} bytes with digest ${content.digest} ${where}`,
    actual: `${bytes.length} bytes, different from byte ${firstDifference(bytes, content.bytes)} on`,
  })
}

/** The file that a `request` reports lies in the node's folder and holds exactly `content`. */
export async function requireReceivedFile(
  bench: RingBench,
  node: RingNode,
  result: { readonly path: string; readonly size: number; readonly digest: string },
  content: Content,
  requirement: string,
): Promise<void> {
  const folder = await realpath(node.folder)
  const path = isAbsolute(result.path) ? await realpath(result.path).catch(() => '') : ''
  bench.require(path.startsWith(folder + sep), {
    requirement,
    expected: `path is the absolute path of a file in the node's folder ${folder}`,
    actual: result.path,
  })
  requireSameBytes(bench, await readFile(path), content, requirement, `in ${result.path}`)
  bench.require(result.size === content.bytes.length && result.digest === content.digest, {
    requirement,
    expected: `size ${content.bytes.length} and digest ${content.digest} in the result`,
    actual: `size ${result.size} and digest ${result.digest}`,
  })
}

/** Size of the largest file below a folder. */
export async function largestFileBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          // Gone since the folder was read.
          () => 0,
        ),
      ),
  )
  return Math.max(0, ...sizes)
}
