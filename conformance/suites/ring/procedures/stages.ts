/** Steps of the student's climb (`ringStages`) by the words that cases use for them. */
export const stage = { lookup: 2, join: 5, leave: 6, repair: 7, faults: 8 } as const
