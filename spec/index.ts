// Public entry of the package: `import { ring, control, common } from 'peerspec'`.

/** Messages and limits that all systems share. */
export * as common from './common/index.ts'
/** The lines between harness and program. */
export * as control from './control/index.ts'
export {
  controlFeatures,
  findRequirement,
  requirements,
  requirementsFor,
  type SystemName,
  systems,
} from './registry.ts'
export type { Level, Profile, Requirement } from './requirement.ts'
/** The circular DHT. */
export * as ring from './ring/index.ts'
export {
  type MessageIn,
  type SchemaError,
  type Validation,
  validateAgainst,
  validateMessage,
} from './validate.ts'
