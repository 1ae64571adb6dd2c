// Measures before a run how exact timers and how fast datagrams are here, for about a tenth of a second.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Calibration } from './result.ts'
import { calibrationFactor } from './timing.ts'

const SAMPLES = 15
const TIMER_MS = 5
/** A datagram on loopback that takes longer than this is taken for lost. */
const LOST_MS = 250

async function worstTimerLateMs(): Promise<number> {
  let worst = 0
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const before = performance.now()
    await delay(TIMER_MS)
    worst = Math.max(worst, performance.now() - before - TIMER_MS)
  }
  return worst
}

async function worstRoundTripMs(): Promise<number> {
  const socket = createSocket('udp4')
  try {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address() as AddressInfo
    let worst = 0
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      const arrived = once(socket, 'message', { signal: AbortSignal.timeout(LOST_MS) }).catch(() => undefined)
      const before = performance.now()
      socket.send('ping', port, '127.0.0.1')
      await arrived
      worst = Math.max(worst, performance.now() - before)
    }
    return worst
  } finally {
    socket.close()
  }
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100

export async function calibrate(): Promise<Calibration> {
  const measured = {
    timerLateMs: rounded(await worstTimerLateMs()),
    loopbackRoundTripMs: rounded(await worstRoundTripMs()),
  }
  return { ...measured, factor: calibrationFactor(measured) }
}
