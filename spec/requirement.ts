// The shape of one requirement, as `requirements.ts` of each part lists them. The prose is the source: see README.md.

/** RFC 2119 and RFC 8174. MUST NOT and SHOULD NOT are said by the sentence and count as MUST and SHOULD here. */
export type Level = 'MUST' | 'SHOULD' | 'MAY'

/** What an implementation is held to: what the course demanded, or also what was built on top of it. */
export const profiles = ['baseline', 'extended'] as const
export type Profile = (typeof profiles)[number]

export interface Requirement {
  /** Semantic and permanent: never renumbered, never used again for something else. */
  readonly id: string
  readonly level: Level
  /** The first profile that demands it: `extended` when only that one requires its feature. */
  readonly profile: Profile
  /** The declared feature that it belongs to; `wire`, `control`, a system's or a role's name mean that it belongs to none. */
  readonly feature: string
  /** The one role that it binds; without it, it binds every role of the systems that it holds for. */
  readonly role?: string
  /** Where it comes from: an edition of the course, an RFC, `design`, or `settled` when we decided it ourselves. */
  readonly source: string
  readonly section: { readonly number: number; readonly heading: string }
  /** The sentences of the prose, in its Markdown. */
  readonly text: string
  /** The page, from the root of the package. */
  readonly file: string
  /** The fragment of the section in the rendered page. */
  readonly anchor: string
}

/** Whether a program with this role of a system that the requirement holds for has to meet it. */
export const bindsRole = ({ role }: Requirement, candidate: string): boolean =>
  role === undefined || role === candidate
