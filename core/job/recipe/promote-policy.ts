// Who decides whether the version that a job or an import makes becomes live. Knows nothing of the rule.

/** Who decides on a new version: the rule, or the request. */
export const PROMOTE_POLICIES = ['auto', 'always', 'never'] as const;
/** One of {@link PROMOTE_POLICIES}. */
export type PromotePolicy = (typeof PROMOTE_POLICIES)[number];

/** What the policies mean, for descriptions. */
export const PROMOTE_DESCRIPTION =
  'Whether the new version becomes the one that predictions use. `auto`: where the model has no other, or where it has the same classes ' +
  'and is not worse on pictures that neither version was trained on, at least 30. The first version becomes live whatever is asked.';
