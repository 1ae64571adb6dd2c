// The private folder of each case, gone after it, and gone too when the harness is interrupted in the middle.
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atOwnEnd } from './own-end.ts'

const open = new Set<string>()

const removeAll = () => {
  for (const folder of open) rmSync(folder, { recursive: true, force: true })
}

export async function openCaseFolder(): Promise<string> {
  atOwnEnd(removeAll)
  const folder = await mkdtemp(join(tmpdir(), 'peerspec-'))
  open.add(folder)
  return folder
}

export async function removeCaseFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  open.delete(folder)
}
