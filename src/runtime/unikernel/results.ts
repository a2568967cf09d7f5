/** solo5_result_t, as in images/unikernels/include/solo5.h. */
export const result = { ok: 0, again: 1, invalid: 2, unspecified: 3 } as const;

export type Result = (typeof result)[keyof typeof result];
