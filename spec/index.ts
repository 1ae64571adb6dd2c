// Public entry of the package: `import { ring, peers, control, common } from 'peerspec'`.

/** Messages and limits that all systems share. */
export * as common from './common/index.ts'
/** The lines between harness and program. */
export * as control from './control/index.ts'
/** Name service, peer list, chat, lock and replicated database. */
export * as peers from './peers/index.ts'
export {
  controlFeatures,
  featureOf,
  findRequirement,
  type RoleDeclaration,
  requirements,
  requirementsFor,
  type SystemDeclaration,
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
