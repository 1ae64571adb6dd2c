// The shape of one requirement, as `requirements.ts` of each part lists them. The prose is the source: see README.md.

/** RFC 2119 and RFC 8174. MUST NOT and SHOULD NOT are said by the sentence and count as MUST and SHOULD here. */
export type Level = 'MUST' | 'SHOULD' | 'MAY'

/** A set of requirements and features that an implementation is held to. */
export type Profile = 'baseline'

export interface Requirement {
  /** Semantic and permanent: never renumbered, never used again for something else. */
  readonly id: string
  readonly level: Level
  readonly profile: Profile
  /** The declared feature that it belongs to; `wire`, `control` or a system's name mean that it belongs to none. */
  readonly feature: string
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

/** Tags that stand where a feature stands, and say that the requirement binds every implementation. */
export const tagsWithoutFeature: readonly string[] = ['wire', 'control', 'ring']
