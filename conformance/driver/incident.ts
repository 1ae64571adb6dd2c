// Something that a program did which is no answer: it ended, it fell silent, it broke the control protocol.
import type { Incident } from './host.ts'

/** Thrown to everyone who waits for a program that will not answer any more. */
export class IncidentError extends Error {
  readonly incident: Incident
  constructor(incident: Incident) {
    super(incident.message)
    this.name = 'IncidentError'
    this.incident = incident
  }
}
