// The private folder of a case that needs one, gone after it, and gone too when the harness is interrupted in the middle.
import { mkdtempSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atOwnEnd } from './own-end.ts'

const open = new Set<string>()

const removeAll = () => {
  for (const folder of open) rmSync(folder, { recursive: true, force: true })
}

export function openCaseFolder(): string {
  atOwnEnd(removeAll)
  const folder = mkdtempSync(join(tmpdir(), 'peerspec-'))
  open.add(folder)
  return folder
}

export async function removeCaseFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  open.delete(folder)
}
